#include "decode/extension.h"

static const char *const known[] = {
        ".csv",
        ".tsv",
        ".txt",
        ".hl7",
        ".pit",
        ".json",
        ".xml",
        ".html",
        ".htm",
        ".pdf",
        ".rtf",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".ppt",
        ".pptx",
        ".odt",
        ".ods",
        ".eml",
        ".msg",
        ".zip",
        ".gz",
        ".tgz",
        ".tar",
        ".zst",
        ".bz2",
        ".xz",
        ".7z",
        ".rar",
        ".sql",
        ".bak",
        ".mdb",
        ".db",
        ".dcm",
        ".jpg",
        ".jpeg",
        ".png",
        ".gif",
        ".tif",
        ".tiff",
        ".bmp",
        ".heic",
        ".wav",
        ".mp3",
        ".m4a",
        ".ogg",
        ".opus",
        ".webm",
        ".mp4",
        ".p7m",
        ".p7s",
        ".pgp",
        ".gpg",
        ".asc",
        ".md",
        ".log",
        ".ini",
        ".exe",
        ".dll",
        ".msi",
        ".bin",
        ".dat",
        ".cab",
        ".js",
        ".css",
        ".rels",
};

const char *extension_of(struct span name)
{
	size_t dot = name.len;

	while (dot > 0 && name.data[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return "";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_equal_nocase(span_slice(name, dot - 1, SIZE_MAX), known[i]))
			return known[i];
	return "";
}
