/* SPDX-License-Identifier: BSD-2-Clause */
/* Packs entries one behind the other, so that a queue of fixed size holds as many as their names are short. Knows no
 * lock, no thread and no engine. */
#include "store/history_queue.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_COUNT 4
#define LARGEST                                                                                                        \
    (sizeof(struct history_entry) + HISTORY_ACCOUNT_LIMIT + HISTORY_REF_LIMIT + HISTORY_WORD_LIMIT +                   \
     HISTORY_WHY_LIMIT + 4 + 8)

struct text {
    const char *from;
    size_t limit;
    size_t length;
};

bool history_queue_open(struct history_queue *queue) {
    *queue = (struct history_queue){.places = {malloc(HISTORY_QUEUE_SIZE), malloc(HISTORY_QUEUE_SIZE)}};
    if (queue->places[0] != NULL && queue->places[1] != NULL)
        return true;
    history_queue_close(queue);
    return false;
}

void history_queue_close(struct history_queue *queue) {
    free(queue->places[0]);
    free(queue->places[1]);
    *queue = (struct history_queue){.used = 0};
}

static struct history_entry *make_entry(struct history_queue *queue, struct text texts[TEXT_COUNT]) {
    if (HISTORY_QUEUE_SIZE - queue->used < LARGEST)
        return NULL;
    void *place = queue->places[queue->filling] + queue->used;
    struct history_entry *entry = place;
    uint16_t at[TEXT_COUNT];
    uint16_t used = 0;
    *entry = (struct history_entry){.size = 0};
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        size_t length = texts[i].from != NULL ? strnlen(texts[i].from, texts[i].limit) : 0;
        at[i] = used;
        if (length > 0)
            memcpy(entry->texts + used, texts[i].from, length);
        entry->texts[used + length] = '\0';
        used = (uint16_t)(used + length + 1);
    }
    entry->ref_at = at[1];
    entry->first_at = at[2];
    entry->second_at = at[3];
    entry->size = (uint32_t)((sizeof *entry + used + 7) & ~(size_t)7);
    queue->used += entry->size;
    queue->count++;
    return entry;
}

bool history_queue_add_login(struct history_queue *queue, const struct history_login *login) {
    struct text texts[TEXT_COUNT] = {{.from = login->account, .limit = HISTORY_ACCOUNT_LIMIT},
                                     {.from = login->ref, .limit = HISTORY_REF_LIMIT},
                                     {.from = login->service, .limit = HISTORY_WORD_LIMIT},
                                     {.from = login->mechanism, .limit = HISTORY_WORD_LIMIT}};
    struct history_entry *entry = make_entry(queue, texts);
    if (entry == NULL)
        return false;
    entry->credential = (uint8_t)login->credential;
    entry->verdict = (uint8_t)login->verdict;
    entry->reason = (uint8_t)login->reason;
    entry->password = (uint8_t)login->password;
    entry->country = login->country;
    entry->address = login->address;
    entry->at = login->at;
    return true;
}

bool history_queue_add_event(struct history_queue *queue, const struct history_event *event) {
    struct text texts[TEXT_COUNT] = {{.from = event->account, .limit = HISTORY_ACCOUNT_LIMIT},
                                     {.from = event->ref, .limit = HISTORY_REF_LIMIT},
                                     {.from = event->who, .limit = HISTORY_WORD_LIMIT},
                                     {.from = event->why, .limit = HISTORY_WHY_LIMIT}};
    struct history_entry *entry = make_entry(queue, texts);
    if (entry == NULL)
        return false;
    entry->is_event = true;
    entry->event = (uint8_t)event->kind;
    entry->country = event->country;
    entry->address = event->address;
    entry->at = event->at;
    entry->until = event->until;
    return true;
}

bool history_queue_half_full(const struct history_queue *queue) {
    return queue->used > HISTORY_QUEUE_SIZE / 2;
}

struct history_batch history_queue_take(struct history_queue *queue) {
    struct history_batch batch = {.bytes = queue->places[queue->filling], .length = queue->used, .count = queue->count};
    queue->filling = 1 - queue->filling;
    queue->used = 0;
    queue->count = 0;
    return batch;
}
