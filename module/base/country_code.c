/* SPDX-License-Identifier: BSD-2-Clause */
/* The countries of ISO 3166-1 by continent, and sets of them. One table holds both, so that a country has exactly one
 * continent. Cyprus, Russia and Turkey stand where the common databases put them (EU, EU, AS). Called by policy (the
 * configuration's lists), gate (the country rule) and country (what a database says). It allocates nothing and never
 * asks the C locale. */
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

/* What people write, and the code for it: internet domains, language codes, alpha-3 codes, codes that were withdrawn,
 * and names. Continents are not here where their two letters are a country's (AF, AS, NA, SA). */
static const char *const meanings[][2] = {
    {"UK", "GB"},
    {"EN", "GB"},
    {"GBR", "GB"},
    {"ENGLAND", "GB"},
    {"BRITAIN", "GB"},
    {"EL", "GR"},
    {"GRC", "GR"},
    {"GREECE", "GR"},
    {"USA", "US"},
    {"AMERICA", "US"},
    {"JA", "JP"},
    {"JAP", "JP"},
    {"JPN", "JP"},
    {"JAPAN", "JP"},
    {"NIPPON", "JP"},
    {"ZH", "CN"},
    {"CHN", "CN"},
    {"CHINA", "CN"},
    {"KO", "KR"},
    {"KOR", "KR"},
    {"KOREA", "KR"},
    {"DP", "KP"},
    {"PRK", "KP"},
    {"HKG", "HK"},
    {"HONGKONG", "HK"},
    {"TWN", "TW"},
    {"TAIWAN", "TW"},
    {"SGP", "SG"},
    {"SINGAPORE", "SG"},
    {"VNM", "VN"},
    {"VIETNAM", "VN"},
    {"THA", "TH"},
    {"THAILAND", "TH"},
    {"IND", "IN"},
    {"INDIA", "IN"},
    {"IDN", "ID"},
    {"INDONESIA", "ID"},
    {"PHL", "PH"},
    {"PHILIPPINES", "PH"},
    {"MYS", "MY"},
    {"MALAYSIA", "MY"},
    {"AUS", "AU"},
    {"AUSTRALIA", "AU"},
    {"NZL", "NZ"},
    {"NEWZEALAND", "NZ"},
    {"CAN", "CA"},
    {"CANADA", "CA"},
    {"MEX", "MX"},
    {"MEXICO", "MX"},
    {"BRA", "BR"},
    {"BRAZIL", "BR"},
    {"ARG", "AR"},
    {"ARGENTINA", "AR"},
    {"DEU", "DE"},
    {"GER", "DE"},
    {"GERMANY", "DE"},
    {"DD", "DE"},
    {"FRA", "FR"},
    {"FRANCE", "FR"},
    {"FX", "FR"},
    {"ITA", "IT"},
    {"ITALY", "IT"},
    {"ESP", "ES"},
    {"SP", "ES"},
    {"SPAIN", "ES"},
    {"PRT", "PT"},
    {"PORTUGAL", "PT"},
    {"NLD", "NL"},
    {"HOLLAND", "NL"},
    {"NETHERLANDS", "NL"},
    {"BEL", "BE"},
    {"BELGIUM", "BE"},
    {"CHE", "CH"},
    {"SWITZERLAND", "CH"},
    {"AUT", "AT"},
    {"AUSTRIA", "AT"},
    {"DA", "DK"},
    {"DNK", "DK"},
    {"DENMARK", "DK"},
    {"SWE", "SE"},
    {"SWEDEN", "SE"},
    {"NOR", "NO"},
    {"NORWAY", "NO"},
    {"FIN", "FI"},
    {"FINLAND", "FI"},
    {"IRL", "IE"},
    {"IRELAND", "IE"},
    {"POL", "PL"},
    {"POLAND", "PL"},
    {"CS", "CZ"},
    {"CZE", "CZ"},
    {"CZECHIA", "CZ"},
    {"HUN", "HU"},
    {"HUNGARY", "HU"},
    {"ROU", "RO"},
    {"ROMANIA", "RO"},
    {"UKR", "UA"},
    {"UKRAINE", "UA"},
    {"SU", "RU"},
    {"RUS", "RU"},
    {"RUSSIA", "RU"},
    {"YU", "RS"},
    {"SRB", "RS"},
    {"SERBIA", "RS"},
    {"KOSOVO", "XK"},
    {"TUR", "TR"},
    {"TURKEY", "TR"},
    {"ISR", "IL"},
    {"ISRAEL", "IL"},
    {"IRN", "IR"},
    {"IRAN", "IR"},
    {"EGY", "EG"},
    {"EGYPT", "EG"},
    {"NGA", "NG"},
    {"NIGERIA", "NG"},
    {"ZAF", "ZA"},
    {"TP", "TL"},
    {"BU", "MM"},
    {"ZR", "CD"},
    {"EU", "continent:EU"},
    {"EUROPE", "continent:EU"},
    {"OC", "continent:OC"},
    {"OCEANIA", "continent:OC"},
    {"AFRICA", "continent:AF"},
    {"ASIA", "continent:AS"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A letter's place in the alphabet, from 0; -1 for anything else. */
static int letter_of(char character) {
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a';
    }
    return -1;
}

static country_code code_of_letters(const char *letters) {
    int first = letter_of(letters[0]);
    int second = first < 0 ? -1 : letter_of(letters[1]);

    return second < 0 ? COUNTRY_UNKNOWN : (country_code)(1 + 26 * first + second);
}

country_code country_code_parse(const char *text) {
    if (text == NULL || strnlen(text, 3) != 2) {
        return COUNTRY_UNKNOWN;
    }
    return code_of_letters(text);
}

void country_code_format(country_code code, char text[3]) {
    memset(text, 0, 3);
    if (code == COUNTRY_UNKNOWN || code >= COUNTRY_CODE_END) {
        return;
    }
    text[0] = (char)('A' + (code - 1) / 26);
    text[1] = (char)('A' + (code - 1) % 26);
}

bool country_code_assigned(country_code code) {
    if (code == COUNTRY_UNKNOWN || code >= COUNTRY_CODE_END) {
        return false;
    }
    for (size_t i = 0; i < COUNT(continents); i++) {
        for (const char *at = continents[i].countries; *at != '\0'; at += 3) {
            if (code_of_letters(at) == code) {
                return true;
            }
        }
    }
    return false;
}

const char *country_code_meant(const char *text) {
    for (size_t i = 0; text != NULL && i < COUNT(meanings); i++) {
        if (strcasecmp(meanings[i][0], text) == 0) {
            return meanings[i][1];
        }
    }
    return NULL;
}

void country_set_add(struct country_set *set, country_code code) {
    if (code != COUNTRY_UNKNOWN && code < COUNTRY_CODE_END) {
        set->bits[code / 64] |= UINT64_C(1) << (code % 64);
    }
}

bool country_set_has(const struct country_set *set, country_code code) {
    return code != COUNTRY_UNKNOWN && code < COUNTRY_CODE_END && (set->bits[code / 64] >> (code % 64) & 1) != 0;
}

bool country_set_empty(const struct country_set *set) {
    for (size_t i = 0; i < COUNT(set->bits); i++) {
        if (set->bits[i] != 0) {
            return false;
        }
    }
    return true;
}

bool country_set_add_continent(struct country_set *set, const char *continent) {
    for (size_t i = 0; continent != NULL && i < COUNT(continents); i++) {
        if (strcasecmp(continents[i].code, continent) != 0) {
            continue;
        }
        for (const char *at = continents[i].countries; *at != '\0'; at += 3) {
            country_set_add(set, code_of_letters(at));
        }
        return true;
    }
    return false;
}
