#include <string.h>

#include "registry/cells.h"

/* ISO 3166-1 alpha-2 as of 2025, sorted; list as in the public-domain iso3166.tab of tzdata. */
static const char codes[] =
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCD"
        "CFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGF"
        "GGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKN"
        "KPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNA"
        "NCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
        "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVI"
        "VNVUWFWSYEYTZAZMZW";

/* Names that people type where a code must stand. */
static const struct {
	const char *name, *code;
} names[] = {
        {"australia", "AU"},
        {"aus", "AU"},
        {"new zealand", "NZ"},
        {"nzl", "NZ"},
        {"uk", "GB"},
        {"united kingdom", "GB"},
        {"great britain", "GB"},
        {"england", "GB"},
        {"usa", "US"},
        {"united states", "US"},
        {"united states of america", "US"},
        {"canada", "CA"},
        {"germany", "DE"},
        {"netherlands", "NL"},
        {"ireland", "IE"},
        {"france", "FR"},
        {"india", "IN"},
        {"philippines", "PH"},
        {"singapore", "SG"},
        {"japan", "JP"},
        {"china", "CN"},
        {"hong kong", "HK"},
        {"israel", "IL"},
};

bool country_known(const char *code)
{
	if (strlen(code) != 2)
		return false;
	for (size_t i = 0; i + 1 < sizeof(codes); i += 2)
		if (codes[i] == code[0] && codes[i + 1] == code[1])
			return true;
	return false;
}

const char *country_meant(const char *text, char ret[static 3])
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i].name, text) == 0)
			return names[i].code;
	if (strlen(text) != 2)
		return NULL;
	ret[0] = (char)(text[0] & ~0x20);
	ret[1] = (char)(text[1] & ~0x20);
	ret[2] = '\0';
	return country_known(ret) ? ret : NULL;
}
