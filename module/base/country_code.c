/* SPDX-License-Identifier: BSD-2-Clause */
/* The countries of ISO 3166-1 by continent, and sets of them. One table holds both, so that a country has exactly one
 * continent. Cyprus, Russia and Turkey stand where the common databases put them (EU, EU, AS). Called by policy (the
 * configuration's lists), gate (the country rule) and country (what a database says). It allocates nothing. */
#include "base/country_code.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct continent {
    char code[3];
    const char *countries; /* two letters and a blank each */
};

static const struct continent continents[] = {
    {"AF",
     "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA "
     "NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW "},
    {"AN", "AQ BV GS HM TF "},
    {"AS",
     "AE AF AM AZ BD BH BN BT CC CN CX GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP "
     "OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE "},
    {"EU",
     "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
     "MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK "},
    {"NA",
     "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC "
     "TT US VC VG VI "},
    {"OC", "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS "},
    {"SA", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE "},
};

/* What people write for a country, and its code: internet domains, languages, alpha-3 codes, withdrawn codes, names.
 * Continents are not here where their two letters are a country's (AF, AS, NA, SA). */
struct meaning {
    const char *meant;
    const char *words; /* a blank after each */
};

static const struct meaning meanings[] = {
    {"AR", "ARG ARGENTINA "},
    {"AT", "AUT AUSTRIA "},
    {"AU", "AUS AUSTRALIA "},
    {"BE", "BEL BELGIUM "},
    {"BR", "BRA BRAZIL "},
    {"CA", "CAN CANADA "},
    {"CD", "ZR "},
    {"CH", "CHE SWITZERLAND "},
    {"CN", "ZH CHN PRC CHINA "},
    {"CZ", "CS CZE CZECHIA "},
    {"DE", "DD DEU GER GERMANY "},
    {"DK", "DA DNK DENMARK "},
    {"EG", "EGY EGYPT "},
    {"ES", "SP ESP SPAIN "},
    {"FI", "FIN FINLAND "},
    {"FR", "FX FRA FRANCE "},
    {"GB", "UK EN GBR ENGLAND BRITAIN "},
    {"GR", "EL GRC GREECE "},
    {"HK", "HKG HONGKONG "},
    {"HU", "HUN HUNGARY "},
    {"ID", "IDN INDONESIA "},
    {"IE", "IRL IRELAND "},
    {"IL", "ISR ISRAEL "},
    {"IN", "IND INDIA "},
    {"IR", "IRN IRAN "},
    {"IT", "ITA ITALY "},
    {"JP", "JA JAP JPN JAPAN NIPPON "},
    {"KP", "DP PRK DPRK "},
    {"KR", "KO KOR ROK KOREA "},
    {"MM", "BU BURMA MYANMAR "},
    {"MX", "MEX MEXICO "},
    {"MY", "MYS MALAYSIA "},
    {"NG", "NGA NIGERIA "},
    {"NL", "NLD HOLLAND NETHERLANDS "},
    {"NO", "NOR NORWAY "},
    {"NZ", "NZL NEWZEALAND "},
    {"PH", "PHL PHILIPPINES "},
    {"PL", "POL POLAND "},
    {"PT", "PRT PORTUGAL "},
    {"RO", "ROU ROMANIA "},
    {"RS", "YU SRB SERBIA "},
    {"RU", "SU RUS RUSSIA "},
    {"SE", "SWE SWEDEN "},
    {"SG", "SGP SINGAPORE "},
    {"TH", "THA THAILAND "},
    {"TL", "TP TIMOR "},
    {"TR", "TUR TURKEY "},
    {"TW", "TWN TAIWAN "},
    {"UA", "UKR UKRAINE "},
    {"US", "USA AMERICA "},
    {"VN", "VNM VIETNAM "},
    {"XK", "KOSOVO "},
    {"ZA", "ZAF "},
    {"continent:AF", "AFRICA "},
    {"continent:AS", "ASIA "},
    {"continent:EU", "EU EUROPE "},
    {"continent:OC", "OC OCEANIA "},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A letter's place in the alphabet, from 0; -1 for anything else. */
static int letter_of(char character) {
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a';
    return -1;
}

static country_code code_of_letters(const char *letters) {
    int first = letter_of(letters[0]);
    int second = first < 0 ? -1 : letter_of(letters[1]);

    return second < 0 ? COUNTRY_UNKNOWN : (country_code)(1 + 26 * first + second);
}

country_code country_code_parse(const char *text) {
    if (text == NULL || strnlen(text, 3) != 2)
        return COUNTRY_UNKNOWN;
    return code_of_letters(text);
}

void country_code_format(country_code code, char text[3]) {
    memset(text, 0, 3);
    if (code == COUNTRY_UNKNOWN || code >= COUNTRY_CODE_END)
        return;
    text[0] = (char)('A' + (code - 1) / 26);
    text[1] = (char)('A' + (code - 1) % 26);
}

bool country_code_assigned(country_code code) {
    if (code == COUNTRY_UNKNOWN || code >= COUNTRY_CODE_END)
        return false;
    for (size_t i = 0; i < COUNT(continents); i++) {
        for (const char *at = continents[i].countries; *at != '\0'; at += 3) {
            if (code_of_letters(at) == code)
                return true;
        }
    }
    return false;
}

/* Whether `text` is one of the `words`. */
static bool is_among(const char *words, const char *text) {
    size_t length = strlen(text);
    for (const char *word = words; *word != '\0'; word += strcspn(word, " ") + 1)
        if (strcspn(word, " ") == length && strncasecmp(word, text, length) == 0)
            return true;
    return false;
}

const char *country_code_meant(const char *text) {
    for (size_t i = 0; text != NULL && i < COUNT(meanings); i++)
        if (is_among(meanings[i].words, text))
            return meanings[i].meant;
    return NULL;
}

void country_set_add(struct country_set *set, country_code code) {
    if (code != COUNTRY_UNKNOWN && code < COUNTRY_CODE_END)
        set->bits[code / 64] |= UINT64_C(1) << (code % 64);
}

bool country_set_has(const struct country_set *set, country_code code) {
    return code != COUNTRY_UNKNOWN && code < COUNTRY_CODE_END && (set->bits[code / 64] >> (code % 64) & 1) != 0;
}

bool country_set_empty(const struct country_set *set) {
    for (size_t i = 0; i < COUNT(set->bits); i++) {
        if (set->bits[i] != 0)
            return false;
    }
    return true;
}

static void add_countries(struct country_set *set, const struct continent *continent) {
    for (const char *at = continent->countries; *at != '\0'; at += 3)
        country_set_add(set, code_of_letters(at));
}

void country_set_add_assigned(struct country_set *set) {
    for (size_t i = 0; i < COUNT(continents); i++)
        add_countries(set, &continents[i]);
}

bool country_set_add_continent(struct country_set *set, const char *continent) {
    for (size_t i = 0; continent != NULL && i < COUNT(continents); i++)
        if (strcasecmp(continents[i].code, continent) == 0) {
            add_countries(set, &continents[i]);
            return true;
        }
    return false;
}
