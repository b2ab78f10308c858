#include "classify/location.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/status.h"
#include "base/timestamp.h"

struct location_db {
	MMDB_s country, asn;
	bool has_country, has_asn;
};

static int open_one(const char *path, MMDB_s *db, bool *ret_open)
{
	int result;

	if (!path)
		return STATUS_OK;
	result = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (result == MMDB_SUCCESS) {
		*ret_open = true;
		return STATUS_OK;
	}
	switch (result) {
	case MMDB_FILE_OPEN_ERROR:
	case MMDB_IO_ERROR:
		return STATUS_IO;
	case MMDB_OUT_OF_MEMORY_ERROR:
		return STATUS_NO_MEMORY;
	default:
		return STATUS_MALFORMED;
	}
}

int location_db_new(struct location_db **ret_gives, const char *country_path, const char *asn_path)
{
	struct location_db *db = calloc(1, sizeof(*db));
	int status;

	if (!db)
		return STATUS_NO_MEMORY;
	status = open_one(country_path, &db->country, &db->has_country);
	if (status == STATUS_OK)
		status = open_one(asn_path, &db->asn, &db->has_asn);
	if (status != STATUS_OK) {
		location_db_free(db);
		return status;
	}
	*ret_gives = db;
	return STATUS_OK;
}

struct location_db *location_db_free(struct location_db *db)
{
	if (!db)
		return NULL;
	if (db->has_country)
		MMDB_close(&db->country);
	if (db->has_asn)
		MMDB_close(&db->asn);
	free(db);
	return NULL;
}

static bool look_up(const MMDB_s *db, const struct addr *a, MMDB_entry_s *ret)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	MMDB_lookup_result_s result;
	int error = MMDB_SUCCESS;

	memcpy(&in4.sin_addr, a->bytes, 4);
	memcpy(&in6.sin6_addr, a->bytes, 16);
	if (a->family == ADDR_IPV6 && db->metadata.ip_version == 4)
		return false;
	result = MMDB_lookup_sockaddr(db,
	        a->family == ADDR_IPV4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6, &error);
	if (error != MMDB_SUCCESS || !result.found_entry)
		return false;
	*ret = result.entry;
	return true;
}

static bool get_text(MMDB_entry_s *entry, const char *const *path, char *ret, size_t size)
{
	MMDB_entry_data_s data;
	size_t len;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	        data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	len = data.data_size < size - 1 ? data.data_size : size - 1;
	memcpy(ret, data.utf8_string, len);
	ret[len] = '\0';
	return len > 0;
}

static bool get_flag(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	return MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS && data.has_data &&
	       data.type == MMDB_DATA_TYPE_BOOLEAN && data.boolean;
}

static bool is_country(const char *code)
{
	return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && !code[2];
}

static void find_country(const struct location_db *db, const struct addr *a, struct location *ret)
{
	static const char *const maxmind[] = {"country", "iso_code", NULL};
	static const char *const flat[] = {"country_code", NULL};
	static const char *const anycast[] = {"traits", "is_anycast", NULL};
	MMDB_entry_s entry;
	char code[8] = "";

	if (!look_up(&db->country, a, &entry))
		return;
	ret->anycast = get_flag(&entry, anycast);
	if (!get_text(&entry, maxmind, code, sizeof(code)))
		(void)get_text(&entry, flat, code, sizeof(code));
	if (!is_country(code))
		return;
	memcpy(ret->country, code, sizeof(ret->country));
	ret->confidence = ret->anycast ? COUNTRY_UNPROVEN : COUNTRY_DATABASE;
}

static void find_organisation(
        const struct location_db *db, const struct addr *a, struct location *ret)
{
	static const char *const number[] = {"autonomous_system_number", NULL};
	static const char *const name[] = {"autonomous_system_organization", NULL};
	static const char *const flat[] = {"as_name", NULL};
	MMDB_entry_s entry;
	MMDB_entry_data_s data;

	if (!look_up(&db->asn, a, &entry))
		return;
	if (MMDB_aget_value(&entry, &data, number) == MMDB_SUCCESS && data.has_data &&
	        data.type == MMDB_DATA_TYPE_UINT32)
		ret->asn = data.uint32;
	if (!get_text(&entry, name, ret->organisation, sizeof(ret->organisation)))
		(void)get_text(&entry, flat, ret->organisation, sizeof(ret->organisation));
}

void location_find(const struct location_db *db, const struct addr *a, struct location *ret)
{
	*ret = (struct location){.confidence = COUNTRY_NONE};
	if (!db || a->family == ADDR_NONE)
		return;
	if (db->has_country)
		find_country(db, a, ret);
	if (db->has_asn)
		find_organisation(db, a, ret);
}

int64_t location_built_ns(const struct location_db *db)
{
	if (!db || !db->has_country || db->country.metadata.build_epoch > INT64_MAX / NS_PER_SECOND)
		return 0;
	return (int64_t)db->country.metadata.build_epoch * NS_PER_SECOND;
}

const char *country_confidence_text(enum country_confidence c)
{
	static const char *const texts[] = {
	        [COUNTRY_NONE] = "none",
	        [COUNTRY_UNPROVEN] = "unproven",
	        [COUNTRY_DATABASE] = "database",
	        [COUNTRY_OVERRIDE] = "override",
	};

	return (unsigned)c < ARRAY_LEN(texts) ? texts[c] : "none";
}
