#include <stdbool.h>
#include <string.h>

#include "decode/pdf_encoding.h"

struct glyph {
	const char *name;
	uint16_t character;
};

/* In the order of the bytes of their names. */
static const struct glyph glyphs[] = {
        {"AE", 0x00c6},
        {"Aacute", 0x00c1},
        {"Abreve", 0x0102},
        {"Acircumflex", 0x00c2},
        {"Adieresis", 0x00c4},
        {"Agrave", 0x00c0},
        {"Amacron", 0x0100},
        {"Aogonek", 0x0104},
        {"Aring", 0x00c5},
        {"Atilde", 0x00c3},
        {"Cacute", 0x0106},
        {"Ccaron", 0x010c},
        {"Ccedilla", 0x00c7},
        {"Ccircumflex", 0x0108},
        {"Cdotaccent", 0x010a},
        {"Dcaron", 0x010e},
        {"Dcroat", 0x0110},
        {"Delta", 0x0394},
        {"Eacute", 0x00c9},
        {"Ebreve", 0x0114},
        {"Ecaron", 0x011a},
        {"Ecircumflex", 0x00ca},
        {"Edieresis", 0x00cb},
        {"Edotaccent", 0x0116},
        {"Egrave", 0x00c8},
        {"Emacron", 0x0112},
        {"Eogonek", 0x0118},
        {"Eth", 0x00d0},
        {"Euro", 0x20ac},
        {"Gbreve", 0x011e},
        {"Gcedilla", 0x0122},
        {"Gcircumflex", 0x011c},
        {"Gdotaccent", 0x0120},
        {"Hcircumflex", 0x0124},
        {"Iacute", 0x00cd},
        {"Ibreve", 0x012c},
        {"Icircumflex", 0x00ce},
        {"Idieresis", 0x00cf},
        {"Idotaccent", 0x0130},
        {"Igrave", 0x00cc},
        {"Imacron", 0x012a},
        {"Iogonek", 0x012e},
        {"Itilde", 0x0128},
        {"Jcircumflex", 0x0134},
        {"Kcedilla", 0x0136},
        {"Lacute", 0x0139},
        {"Lcaron", 0x013d},
        {"Lcedilla", 0x013b},
        {"Lslash", 0x0141},
        {"Nacute", 0x0143},
        {"Ncaron", 0x0147},
        {"Ncedilla", 0x0145},
        {"Ntilde", 0x00d1},
        {"OE", 0x0152},
        {"Oacute", 0x00d3},
        {"Obreve", 0x014e},
        {"Ocircumflex", 0x00d4},
        {"Odieresis", 0x00d6},
        {"Ograve", 0x00d2},
        {"Ohungarumlaut", 0x0150},
        {"Omacron", 0x014c},
        {"Omega", 0x03a9},
        {"Oslash", 0x00d8},
        {"Otilde", 0x00d5},
        {"Racute", 0x0154},
        {"Rcaron", 0x0158},
        {"Rcedilla", 0x0156},
        {"Sacute", 0x015a},
        {"Scaron", 0x0160},
        {"Scedilla", 0x015e},
        {"Scircumflex", 0x015c},
        {"Tcaron", 0x0164},
        {"Tcedilla", 0x0162},
        {"Thorn", 0x00de},
        {"Uacute", 0x00da},
        {"Ubreve", 0x016c},
        {"Ucircumflex", 0x00db},
        {"Udieresis", 0x00dc},
        {"Ugrave", 0x00d9},
        {"Uhungarumlaut", 0x0170},
        {"Umacron", 0x016a},
        {"Uogonek", 0x0172},
        {"Uring", 0x016e},
        {"Utilde", 0x0168},
        {"Wcircumflex", 0x0174},
        {"Yacute", 0x00dd},
        {"Ycircumflex", 0x0176},
        {"Ydieresis", 0x0178},
        {"Zacute", 0x0179},
        {"Zcaron", 0x017d},
        {"Zdotaccent", 0x017b},
        {"aacute", 0x00e1},
        {"abreve", 0x0103},
        {"acircumflex", 0x00e2},
        {"acute", 0x00b4},
        {"adieresis", 0x00e4},
        {"ae", 0x00e6},
        {"agrave", 0x00e0},
        {"alpha", 0x03b1},
        {"amacron", 0x0101},
        {"ampersand", 0x0026},
        {"aogonek", 0x0105},
        {"aring", 0x00e5},
        {"asciicircum", 0x005e},
        {"asciitilde", 0x007e},
        {"asterisk", 0x002a},
        {"at", 0x0040},
        {"atilde", 0x00e3},
        {"backslash", 0x005c},
        {"bar", 0x007c},
        {"beta", 0x03b2},
        {"braceleft", 0x007b},
        {"braceright", 0x007d},
        {"bracketleft", 0x005b},
        {"bracketright", 0x005d},
        {"breve", 0x02d8},
        {"brokenbar", 0x00a6},
        {"bullet", 0x2022},
        {"cacute", 0x0107},
        {"caron", 0x02c7},
        {"ccaron", 0x010d},
        {"ccedilla", 0x00e7},
        {"ccircumflex", 0x0109},
        {"cdotaccent", 0x010b},
        {"cedilla", 0x00b8},
        {"cent", 0x00a2},
        {"circumflex", 0x02c6},
        {"colon", 0x003a},
        {"comma", 0x002c},
        {"copyright", 0x00a9},
        {"currency", 0x00a4},
        {"dagger", 0x2020},
        {"daggerdbl", 0x2021},
        {"dcaron", 0x010f},
        {"dcroat", 0x0111},
        {"degree", 0x00b0},
        {"delta", 0x03b4},
        {"dieresis", 0x00a8},
        {"divide", 0x00f7},
        {"dollar", 0x0024},
        {"dotaccent", 0x02d9},
        {"dotlessi", 0x0131},
        {"eacute", 0x00e9},
        {"ebreve", 0x0115},
        {"ecaron", 0x011b},
        {"ecircumflex", 0x00ea},
        {"edieresis", 0x00eb},
        {"edotaccent", 0x0117},
        {"egrave", 0x00e8},
        {"eight", 0x0038},
        {"eightoldstyle", 0x0038},
        {"ellipsis", 0x2026},
        {"emacron", 0x0113},
        {"emdash", 0x2014},
        {"endash", 0x2013},
        {"eogonek", 0x0119},
        {"equal", 0x003d},
        {"eth", 0x00f0},
        {"euro", 0x20ac},
        {"exclam", 0x0021},
        {"exclamdown", 0x00a1},
        {"f_f", 0xfb00},
        {"f_f_i", 0xfb03},
        {"f_f_l", 0xfb04},
        {"f_i", 0xfb01},
        {"f_l", 0xfb02},
        {"ff", 0xfb00},
        {"ffi", 0xfb03},
        {"ffl", 0xfb04},
        {"fi", 0xfb01},
        {"five", 0x0035},
        {"fiveoldstyle", 0x0035},
        {"fl", 0xfb02},
        {"florin", 0x0192},
        {"four", 0x0034},
        {"fouroldstyle", 0x0034},
        {"fraction", 0x2044},
        {"gamma", 0x03b3},
        {"gbreve", 0x011f},
        {"gcedilla", 0x0123},
        {"gcircumflex", 0x011d},
        {"gdotaccent", 0x0121},
        {"germandbls", 0x00df},
        {"grave", 0x0060},
        {"greater", 0x003e},
        {"greaterequal", 0x2265},
        {"guillemotleft", 0x00ab},
        {"guillemotright", 0x00bb},
        {"guilsinglleft", 0x2039},
        {"guilsinglright", 0x203a},
        {"hcircumflex", 0x0125},
        {"hungarumlaut", 0x02dd},
        {"hyphen", 0x002d},
        {"iacute", 0x00ed},
        {"ibreve", 0x012d},
        {"icircumflex", 0x00ee},
        {"idieresis", 0x00ef},
        {"igrave", 0x00ec},
        {"imacron", 0x012b},
        {"infinity", 0x221e},
        {"iogonek", 0x012f},
        {"itilde", 0x0129},
        {"jcircumflex", 0x0135},
        {"kcedilla", 0x0137},
        {"lacute", 0x013a},
        {"lcaron", 0x013e},
        {"lcedilla", 0x013c},
        {"less", 0x003c},
        {"lessequal", 0x2264},
        {"logicalnot", 0x00ac},
        {"lslash", 0x0142},
        {"macron", 0x00af},
        {"middot", 0x00b7},
        {"minus", 0x002d},
        {"mu", 0x00b5},
        {"multiply", 0x00d7},
        {"nacute", 0x0144},
        {"nbspace", 0x00a0},
        {"ncaron", 0x0148},
        {"ncedilla", 0x0146},
        {"nine", 0x0039},
        {"nineoldstyle", 0x0039},
        {"nonbreakingspace", 0x00a0},
        {"notequal", 0x2260},
        {"ntilde", 0x00f1},
        {"numbersign", 0x0023},
        {"oacute", 0x00f3},
        {"obreve", 0x014f},
        {"ocircumflex", 0x00f4},
        {"odieresis", 0x00f6},
        {"oe", 0x0153},
        {"ogonek", 0x02db},
        {"ograve", 0x00f2},
        {"ohungarumlaut", 0x0151},
        {"omacron", 0x014d},
        {"one", 0x0031},
        {"onehalf", 0x00bd},
        {"oneoldstyle", 0x0031},
        {"onequarter", 0x00bc},
        {"onesuperior", 0x00b9},
        {"ordfeminine", 0x00aa},
        {"ordmasculine", 0x00ba},
        {"oslash", 0x00f8},
        {"otilde", 0x00f5},
        {"paragraph", 0x00b6},
        {"parenleft", 0x0028},
        {"parenright", 0x0029},
        {"percent", 0x0025},
        {"period", 0x002e},
        {"periodcentered", 0x00b7},
        {"perthousand", 0x2030},
        {"pi", 0x03c0},
        {"plus", 0x002b},
        {"plusminus", 0x00b1},
        {"question", 0x003f},
        {"questiondown", 0x00bf},
        {"quotedbl", 0x0022},
        {"quotedblbase", 0x201e},
        {"quotedblleft", 0x201c},
        {"quotedblright", 0x201d},
        {"quoteleft", 0x2018},
        {"quoteright", 0x2019},
        {"quotesinglbase", 0x201a},
        {"quotesingle", 0x0027},
        {"racute", 0x0155},
        {"rcaron", 0x0159},
        {"rcedilla", 0x0157},
        {"registered", 0x00ae},
        {"ring", 0x02da},
        {"sacute", 0x015b},
        {"scaron", 0x0161},
        {"scedilla", 0x015f},
        {"scircumflex", 0x015d},
        {"section", 0x00a7},
        {"semicolon", 0x003b},
        {"seven", 0x0037},
        {"sevenoldstyle", 0x0037},
        {"sfthyphen", 0x00ad},
        {"six", 0x0036},
        {"sixoldstyle", 0x0036},
        {"slash", 0x002f},
        {"softhyphen", 0x00ad},
        {"space", 0x0020},
        {"sterling", 0x00a3},
        {"tcaron", 0x0165},
        {"tcedilla", 0x0163},
        {"thorn", 0x00fe},
        {"three", 0x0033},
        {"threeoldstyle", 0x0033},
        {"threequarters", 0x00be},
        {"threesuperior", 0x00b3},
        {"tilde", 0x02dc},
        {"trademark", 0x2122},
        {"two", 0x0032},
        {"twooldstyle", 0x0032},
        {"twosuperior", 0x00b2},
        {"uacute", 0x00fa},
        {"ubreve", 0x016d},
        {"ucircumflex", 0x00fb},
        {"udieresis", 0x00fc},
        {"ugrave", 0x00f9},
        {"uhungarumlaut", 0x0171},
        {"umacron", 0x016b},
        {"underscore", 0x005f},
        {"uogonek", 0x0173},
        {"uring", 0x016f},
        {"utilde", 0x0169},
        {"wcircumflex", 0x0175},
        {"yacute", 0x00fd},
        {"ycircumflex", 0x0177},
        {"ydieresis", 0x00ff},
        {"yen", 0x00a5},
        {"zacute", 0x017a},
        {"zcaron", 0x017e},
        {"zdotaccent", 0x017c},
        {"zero", 0x0030},
        {"zerooldstyle", 0x0030},
};

static int compare(struct span name, const char *with)
{
	size_t len = strlen(with);
	int order = memcmp(name.data, with, name.len < len ? name.len : len);

	return order != 0 ? order : (name.len > len) - (name.len < len);
}

static uint32_t listed(struct span name)
{
	size_t low = 0, high = ARRAY_LEN(glyphs);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(name, glyphs[middle].name);

		if (order == 0)
			return glyphs[middle].character;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static bool hex_value(struct span digits, uint32_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t byte = span_lower(digits.data[i]);

		if (byte >= '0' && byte <= '9')
			*ret = *ret << 4 | (uint32_t)(byte - '0');
		else if (byte >= 'a' && byte <= 'f')
			*ret = *ret << 4 | (uint32_t)(byte - 'a' + 10);
		else
			return false;
	}
	return *ret != 0 && *ret < 0x110000 && (*ret < 0xd800 || *ret > 0xdfff);
}

/* "uni0041", "u1F600". */
static uint32_t numbered(struct span name)
{
	uint32_t value;

	if (span_starts(name, "uni") && name.len >= 7)
		return hex_value(span_slice(name, 3, 4), &value) ? value : 0;
	if (span_starts(name, "u") && name.len >= 5 && name.len <= 7)
		return hex_value(span_slice(name, 1, name.len), &value) ? value : 0;
	return 0;
}

uint32_t pdf_glyph_character(struct span name)
{
	uint32_t character;

	/* Behind a point stands which form of the glyph it is. */
	if (name.len > 0 && name.data[0] != '.')
		name = span_slice(name, 0, span_find_byte(name, '.'));
	if (name.len == 0)
		return 0;
	if (name.len == 1)
		return span_lower(name.data[0]) >= 'a' && span_lower(name.data[0]) <= 'z'
		               ? name.data[0]
		               : 0;
	character = listed(name);
	return character != 0 ? character : numbered(name);
}
