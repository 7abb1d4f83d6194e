/* SPDX-License-Identifier: BSD-2-Clause */
/* Account names brought to their one form. Every path that a login can take calls this before anything is looked up or
 * counted, so two spellings of one mailbox can never be two accounts. It never repairs a name that some back end might
 * read in another way (blanks at an end, a second '@', bytes that are not ASCII): those are malformed. It allocates
 * nothing and reads no file. */
#include "policy/account_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

#define LABEL_LIMIT  63
#define DOMAIN_LIMIT 253

/* The C library's own functions follow the locale; a name must not. */
static char lower(char character) {
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

static bool is_letter_or_digit(char character) {
    char low = lower(character);
    return (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
}

static bool label_valid(const char *label, size_t length) {
    if (length == 0 || length > LABEL_LIMIT || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(label[i]) && label[i] != '-')
            return false;
    }
    return true;
}

bool account_domain_valid(const char *domain) {
    if (strnlen(domain, DOMAIN_LIMIT + 1) > DOMAIN_LIMIT)
        return false;
    for (;;) {
        size_t length = strcspn(domain, ".");
        if (!label_valid(domain, length))
            return false;
        if (domain[length] == '\0')
            return true;
        domain += length + 1;
    }
}

/* Everything printable in ASCII but what separates or quotes in names that a back end reads: '*' is Dovecot's master
 * user separator; DOMAIN\alice is alice to sssd and winbind, and so is \alice to Kerberos, which takes the backslash
 * off. */
static bool local_character_valid(char character) {
    return character >= ' ' && character <= '~' && strchr("/@*\\", character) == NULL;
}

/* No file goes up a folder by a name; two blanks are one to LDAP, whose names they would make two accounts of. */
static bool is_pair_refused(char one, char other) {
    return one == other && (one == '.' || one == ' ');
}

static bool local_valid(const char *local, size_t length) {
    if (length == 0 || local[0] == ' ' || local[length - 1] == ' ' || local[0] == '.' || local[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!local_character_valid(local[i]) || is_pair_refused(local[i], local[i + 1]))
            return false;
    }
    return true;
}

static int compare_domains(const void *one, const void *other) {
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static bool domain_served(const struct account_naming *naming, const char *domain) {
    if (naming->domain_count == 0)
        return true;
    if (naming->domains_sorted)
        return bsearch(&domain, naming->domains, naming->domain_count, sizeof domain, compare_domains) != NULL;
    for (size_t i = 0; i < naming->domain_count; i++) {
        if (strcmp(naming->domains[i], domain) == 0)
            return true;
    }
    return false;
}

/* How many bytes of the local part, `length` long, come before the recipient delimiter. */
static size_t length_before_delimiter(const struct account_naming *naming, const char *local, size_t length) {
    const char *delimiter =
        naming->recipient_delimiter == '\0' ? NULL : memchr(local, naming->recipient_delimiter, length);
    return delimiter == NULL ? length : (size_t)(delimiter - local);
}

static bool add_lower(struct buffer *buffer, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!buffer_add_char(buffer, lower(text[i])))
            return false;
    }
    return true;
}

/* Adds '@' and the domain. `domain` NULL: the name has none, and gets the default one if there is one. */
static bool add_domain(struct buffer *buffer, const struct account_naming *naming, const char *domain) {
    if (domain == NULL) {
        domain = naming->default_domain;
        if (domain == NULL)
            return true;
    }
    if (!account_domain_valid(domain) || !buffer_add_char(buffer, '@'))
        return false;
    const char *lowered = buffer->bytes + buffer->length;
    return add_lower(buffer, domain, strlen(domain)) && domain_served(naming, lowered);
}

/* The form of `name`, of whose local part `kept` bytes are taken and `whole` are checked: what would be refused as a
 * name is not made good by a delimiter, and what is cut off counts towards the length. */
static bool write_form(const struct account_naming *naming, const char *name, size_t whole, size_t kept,
                       char form[ACCOUNT_NAME_SIZE]) {
    struct buffer buffer;
    buffer_init(&buffer, form, ACCOUNT_NAME_SIZE);
    const char *domain = name[whole] == '@' ? name + whole + 1 : NULL;
    bool good = local_valid(name, whole) && local_valid(name, kept) && add_lower(&buffer, name, kept) &&
                add_domain(&buffer, naming, domain) && buffer.length + (whole - kept) <= ACCOUNT_NAME_LIMIT;
    if (!good)
        form[0] = '\0';
    return good;
}

bool account_name_canonical(const struct account_naming *naming, const char *name, char canonical[ACCOUNT_NAME_SIZE]) {
    canonical[0] = '\0';
    if (strnlen(name, ACCOUNT_NAME_SIZE) > ACCOUNT_NAME_LIMIT)
        return false;
    size_t whole = strcspn(name, "@");
    return write_form(naming, name, whole, length_before_delimiter(naming, name, whole), canonical);
}

bool account_name_delimiter_doubtful(char delimiter) {
    return delimiter == '-' || delimiter == '_'; /* letters, digits and full stops are no delimiters */
}

bool account_name_undivided(const struct account_naming *naming, const char *name, char undivided[ACCOUNT_NAME_SIZE]) {
    if (!account_name_canonical(naming, name, undivided) ||
        !account_name_delimiter_doubtful(naming->recipient_delimiter))
        return undivided[0] != '\0';
    size_t whole = strcspn(name, "@");
    return write_form(naming, name, whole, whole, undivided);
}
