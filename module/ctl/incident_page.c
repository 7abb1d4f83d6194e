/* SPDX-License-Identifier: BSD-2-Clause */
/* The incident report for those who were not there. What clients typed is text on it and nothing else: every byte that
 * HTML could take for its own is written as a reference. Called by incident.c. */
#include "ctl/incident_page.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define WIDTH         960
#define HALF          110 /* height of the bars above and below the axis */
#define LEFT          48
#define COLOURS       7
#define MOMENTS_SHOWN 500
#define PLACES_SHOWN  200

static const char *const colours[COLOURS] = {"#1f77b4", "#d62728", "#ff7f0e", "#2ca02c",
                                             "#9467bd", "#8c564b", "#e377c2"};

struct chart {
    const struct story *story;
    int64_t first_day, day_count;
    int64_t most_accepted, most_refused; /* of one day */
    char countries[COLOURS][3];          /* those with colours of their own; the others are grey */
    size_t country_count;
};

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1b1b1b;max-width:1000px;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.15em;margin-top:1.8em}"
    "table{border-collapse:collapse;width:100%;font-size:.93em}th{text-align:left;font-weight:600}"
    "th,td{padding:.25em .7em .25em 0;border-bottom:1px solid #ddd;vertical-align:top}.time{white-space:nowrap}"
    "tr.unusual td{background:#fdeeee}.number{text-align:right}code{font-size:.95em}"
    ".sum{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1.2em;margin:1em 0}.sum dt{color:#555}"
    ".sum dd{margin:0}.muted{color:#666}svg{width:100%;height:auto}.key span{margin-right:1.2em}"
    ".key i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}"
    "@media print{body{margin:0;max-width:none}}";

static void text(FILE *out, const char *from) {
    for (; *from != '\0'; from++) {
        switch (*from) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc((unsigned char)*from < ' ' ? '?' : *from, out);
        }
    }
}

static void moment(FILE *out, int64_t seconds) {
    char formatted[WHEN_TEXT_SIZE];
    when_format(seconds, formatted);
    text(out, formatted);
}

static void short_moment(FILE *out, int64_t seconds) {
    char formatted[WHEN_TEXT_SIZE];
    past_format_time(seconds, formatted);
    text(out, formatted);
}

/* ---- the chart ---- */

static int colour_of(const struct chart *chart, const char *country) {
    for (size_t i = 0; i < chart->country_count; i++)
        if (strcmp(chart->countries[i], country) == 0)
            return (int)i;
    return -1;
}

/* Colours go to the countries that come first among the places' own order: unusual ones, then the usual. */
static void give_colours(struct chart *chart) {
    const struct story *story = chart->story;
    for (size_t i = 0; i < story->place_count && chart->country_count < COLOURS; i++) {
        const char *country = story->places[i].country;
        if (country[0] != '\0' && colour_of(chart, country) < 0)
            memcpy(chart->countries[chart->country_count++], country, sizeof chart->countries[0]);
    }
}

static void measure(struct chart *chart) {
    const struct story *story = chart->story;
    chart->first_day = story->since / STORY_DAY;
    if (story->day_count > 0 && story->days[0].day > chart->first_day)
        chart->first_day = story->days[0].day;
    chart->day_count = (story->until - 1) / STORY_DAY - chart->first_day + 1;
    int64_t day = -1, accepted = 0, refused = 0;
    for (size_t i = 0; i < story->day_count; i++) {
        if (story->days[i].day != day)
            accepted = refused = 0;
        day = story->days[i].day;
        accepted += story->days[i].accepted;
        refused += story->days[i].refused;
        chart->most_accepted = accepted > chart->most_accepted ? accepted : chart->most_accepted;
        chart->most_refused = refused > chart->most_refused ? refused : chart->most_refused;
    }
    give_colours(chart);
}

static double x_of(const struct chart *chart, double day) {
    return LEFT + (day - (double)chart->first_day) * (WIDTH - LEFT) / (double)chart->day_count;
}

static double height_of(int64_t count, int64_t most) {
    return most > 0 ? (double)count * HALF / (double)most : 0;
}

static void bar(FILE *out, const struct chart *chart, const struct story_day *day, double y, double height) {
    int colour = colour_of(chart, day->country);
    double x = x_of(chart, (double)day->day), wide = x_of(chart, (double)day->day + 0.9) - x;
    char date[WHEN_TEXT_SIZE];
    past_format_time(day->day * STORY_DAY + STORY_DAY / 2, date);
    if (height <= 0)
        return;
    fprintf(out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"%s><title>%.10s %s: %" PRId64
            " %s</title></rect>\n",
            x, y, wide > 0.8 ? wide : 0.8, height < 1 ? 1 : height, colour >= 0 ? colours[colour] : "#999",
            y >= HALF ? " fill-opacity=\"0.55\"" : "", date, day->country[0] != '\0' ? day->country : "unknown",
            y >= HALF ? day->refused : day->accepted, y >= HALF ? "refused" : "accepted");
}

static void bars(FILE *out, const struct chart *chart) {
    int64_t day = -1;
    double up = HALF, down = HALF;
    for (size_t i = 0; i < chart->story->day_count; i++) {
        const struct story_day *at = &chart->story->days[i];
        if (at->day != day)
            up = down = HALF;
        day = at->day;
        double accepted = height_of(at->accepted, chart->most_accepted);
        double refused = height_of(at->refused, chart->most_refused);
        bar(out, chart, at, up - accepted, at->accepted > 0 ? accepted : 0);
        bar(out, chart, at, down, at->refused > 0 ? refused : 0);
        up -= accepted;
        down += refused;
    }
}

static void scale(FILE *out, const struct chart *chart) {
    char date[WHEN_TEXT_SIZE];
    int64_t step = chart->day_count / 8 + 1;
    fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>\n", LEFT, HALF, WIDTH, HALF);
    fprintf(out, "<text x=\"0\" y=\"10\">%" PRId64 "</text><text x=\"0\" y=\"24\" class=\"muted\">accepted</text>\n",
            chart->most_accepted);
    fprintf(out, "<text x=\"0\" y=\"%d\">%" PRId64 "</text><text x=\"0\" y=\"%d\" class=\"muted\">refused</text>\n",
            2 * HALF, chart->most_refused, 2 * HALF - 14);
    for (int64_t day = 0; day < chart->day_count; day += step) {
        past_format_time((chart->first_day + day) * STORY_DAY + STORY_DAY / 2, date);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\">%.10s</text>\n", x_of(chart, (double)(chart->first_day + day)),
                2 * HALF + 18, date);
    }
}

/* What was done, as lines across the days. */
static void marks(FILE *out, const struct chart *chart) {
    const struct story *story = chart->story;
    for (size_t i = 0; i < story->moment_count; i++) {
        const struct story_moment *at = &story->moments[i];
        if (strcmp(at->what, "accepted") == 0 || strcmp(at->what, "refused") == 0 ||
            at->at < chart->first_day * STORY_DAY)
            continue;
        double x = x_of(chart, (double)at->at / STORY_DAY);
        fprintf(out,
                "<line x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%d\" stroke=\"#000\" stroke-dasharray=\"3 3\"><title>", x,
                x, 2 * HALF);
        text(out, at->what);
        fputs("</title></line>\n", out);
    }
}

static void draw(FILE *out, const struct story *story) {
    struct chart chart = {.story = story};
    measure(&chart);
    if (chart.most_accepted + chart.most_refused == 0 || chart.day_count <= 0) {
        fputs("<p class=\"muted\">No login in this time.</p>\n", out);
        return;
    }
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Logins by day and country\" font-size=\"12\">\n",
            WIDTH, 2 * HALF + 24);
    scale(out, &chart);
    bars(out, &chart);
    marks(out, &chart);
    fputs("</svg>\n<p class=\"key\">", out);
    for (size_t i = 0; i < chart.country_count; i++)
        fprintf(out, "<span><i style=\"background:%s\"></i>%s</span>", colours[i], chart.countries[i]);
    fputs("<span><i style=\"background:#999\"></i>other or unknown</span><span class=\"muted\">dashed: something was "
          "done; "
          "days are UTC; bars above and below have scales of their own</span></p>\n",
          out);
}

/* ---- the tables ---- */

static void summary_of(FILE *out, const char *name, const struct story_moment *at) {
    fprintf(out, "<dt>%s</dt><dd>", name);
    if (at == NULL) {
        fputs("none", out);
    } else {
        moment(out, at->at);
        fputs(", ", out);
        text(out, at->place);
        fputs(", ", out);
        text(out, at->what);
        if (at->text[0] != '\0') {
            fputs(" (", out);
            text(out, at->text);
            fputs(")", out);
        }
        fputs(" <code>", out);
        text(out, at->ref);
        fputs("</code>", out);
    }
    fputs("</dd>\n", out);
}

static void summary(FILE *out, const struct story *story) {
    fputs("<dl class=\"sum\">\n", out);
    summary_of(out, "First login from an unusual place", story->first_wrong);
    summary_of(out, "First success from one", story->first_success);
    fprintf(out,
            "<dt>Accepted</dt><dd>%" PRId64 ", of them %" PRId64
            " from unusual places</dd>\n<dt>Refused</dt><dd>%" PRId64 "</dd>\n</dl>\n",
            story->accepted, story->unusual_accepted, story->refused);
}

static void place_row(FILE *out, const struct story_place *place) {
    fprintf(out, "<tr%s><td>%s</td><td>", place->unusual ? " class=\"unusual\"" : "",
            place->country[0] != '\0' ? place->country : "unknown");
    text(out, place->network);
    fputs("</td><td>", out);
    text(out, place->addresses);
    fputs("</td><td>", out);
    text(out, place->services);
    fprintf(out,
            "</td><td class=\"number\">%" PRId64 "</td><td class=\"number\">%" PRId64
            "</td><td class=\"number\">%" PRId64 "</td><td class=\"time\">",
            place->accepted, place->refused, place->right_refused);
    short_moment(out, place->first);
    fputs("</td><td class=\"time\">", out);
    short_moment(out, place->last);
    fputs("</td></tr>\n", out);
}

static void places(FILE *out, const struct story *story) {
    fputs("<table><tr><th>Country<th>Network<th>Addresses<th>Services<th class=\"number\">Accepted<th "
          "class=\"number\">Refused"
          "<th class=\"number\">Right password<th>First<th>Last</tr>\n",
          out);
    size_t count = story->place_count - story->guessing_count;
    for (size_t i = 0; i < count && i < PLACES_SHOWN; i++)
        place_row(out, &story->places[i]);
    fputs("</table>\n", out);
    if (count > PLACES_SHOWN)
        fprintf(out, "<p class=\"muted\">%zu further networks are not shown.</p>\n", count - PLACES_SHOWN);
    if (story->guessing_count > 0)
        fprintf(out,
                "<p class=\"muted\">%zu network%s never had the right password (%" PRId64
                " login%s); counted in the chart alone.</p>\n",
                story->guessing_count, story->guessing_count == 1 ? "" : "s", story->guesses,
                story->guesses == 1 ? "" : "s");
}

static void moments(FILE *out, const struct story *story) {
    fputs("<table><tr><th>Time<th>What<th>Where<th>Why<th>Ref</tr>\n", out);
    for (size_t i = 0; i < story->moment_count && i < MOMENTS_SHOWN; i++) {
        const struct story_moment *at = &story->moments[i];
        const char *const cells[] = {at->what, at->place, at->text};
        fprintf(out, "<tr%s><td class=\"time\">", at->unusual ? " class=\"unusual\"" : "");
        moment(out, at->at);
        for (size_t j = 0; j < 3; j++) {
            fputs("</td><td>", out);
            text(out, cells[j]);
        }
        if (at->count > 1) {
            fprintf(out, " <span class=\"muted\">%" PRId64 " times, the last ", at->count);
            short_moment(out, at->last);
            fputs("</span>", out);
        }
        fputs("</td><td><code>", out);
        text(out, at->ref);
        fputs("</code></td></tr>\n", out);
    }
    fputs("</table>\n", out);
    if (story->moment_count > MOMENTS_SHOWN)
        fprintf(out, "<p class=\"muted\">%zu further moments are not shown.</p>\n",
                story->moment_count - MOMENTS_SHOWN);
}

void incident_page_write(FILE *out, const struct story *story, int64_t now) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
          "<meta name=\"viewport\" content=\"width=device-width\"><title>Logins of ",
          out);
    text(out, story->account);
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>Logins of ", style);
    text(out, story->account);
    fputs("</h1>\n<p class=\"muted\">", out);
    moment(out, story->since);
    fputs(" to ", out);
    moment(out, story->until);
    fputs("; drawn up by authgate on ", out);
    moment(out, now);
    if (strcmp(story->asked, story->account) != 0) {
        fputs("; asked for as ", out);
        text(out, story->asked);
    }
    fputs("</p>\n", out);
    summary(out, story);
    fputs("<h2>Logins over time by country</h2>\n", out);
    draw(out, story);
    fputs("<h2>Where from</h2>\n", out);
    places(out, story);
    fputs("<h2>Timeline</h2>\n", out);
    moments(out, story);
    fputs("</body></html>\n", out);
}
