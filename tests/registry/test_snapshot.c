#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "registry/load.h"

#define TYPED_PROGRAMS                                                                             \
	"program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,update_owner,"     \
	"via_program,hours,support_window,max_mb_day,cadence_days,update_hosts,versions_known,"    \
	"version_seen,min_supported,eos_date,last_update_recorded,tga_device,adha_conformant,"     \
	"hosts_installed\n"                                                                        \
	"pms,Pms,Vendor,pms,approved,owner,sni:a.pms.example,yes,practice,carrier,18:00-06:30,"    \
	"none,50,30,up.pms.example|cdn.pms.example,4.1|4.2a|Saffron SP1,4.2a,4.1,2027-06-30,"      \
	"2026-10-01,no,n/a,192.168.20.5|reception-2\n"                                             \
	"carrier,Carrier,Vendor,broker,approved,owner,sni:a.carrier.example,no,practice,none,,"    \
	"09:00-17:00,,,none,,,,,,,,\n"

static void columns_of_programs_are_typed(void **state)
{
	static const char *const files[REGISTRY_FILES] = {PRACTICE_CSV, TYPED_PROGRAMS,
	        "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries\n",
	        "contract_id,recipient,program_ids,type,start,categories,purposes,countries,doc_"
	        "ref\n",
	        "basis_id,program_id,recipient,purpose,categories,basis,evidence_ref,from,"
	        "approved_by\n"};
	struct registry_folder folder = {.on_day = false};
	const struct registry_program *p;
	struct registry *r;

	(void)state;
	for (size_t i = 0; i < REGISTRY_EXCEPTIONS; i++) {
		folder.tables[i] = span_of_text(files[i]);
		folder.has_table[i] = true;
	}
	assert_int_equal(registry_load_folder(&r, &folder), 0);
	p = registry_program(r, 0);
	assert_int_equal(p->via_program, 1);
	assert_true(p->hours.recorded && !p->support_window.recorded);
	assert_int_equal(p->hours.from_minute, 18 * 60);
	assert_int_equal(p->hours.to_minute, 6 * 60 + 30);
	assert_int_equal(p->max_mb_day, 50);
	assert_int_equal(p->cadence_days, 30);
	assert_int_equal(p->update_hosts.count, 2);
	assert_string_equal(p->update_hosts.items[1], "cdn.pms.example");
	assert_int_equal(p->versions_known.count, 3);
	assert_string_equal(p->versions_known.items[2], "Saffron SP1");
	assert_string_equal(p->version_seen, "4.2a");
	assert_string_equal(p->min_supported, "4.1");
	assert_int_equal(p->eos_day - p->last_update_recorded_day, 272);
	assert_int_equal(p->tga_device, ANSWER_NO);
	assert_int_equal(p->adha_conformant, CONFORMANCE_NOT_ASKED);
	assert_int_equal(p->hosts_installed.count, 2);
	p = registry_program(r, 1);
	assert_int_equal(p->via_program, REGISTRY_NO_ROW);
	assert_int_equal(p->support_window.to_minute, 17 * 60);
	assert_int_equal(p->max_mb_day, REGISTRY_NO_NUMBER);
	assert_int_equal(p->cadence_days, REGISTRY_NO_NUMBER);
	assert_true(p->update_hosts.none && p->update_hosts.count == 0);
	assert_false(p->versions_known.none);
	assert_int_equal(p->eos_day, REGISTRY_NO_DAY);
	assert_int_equal(p->tga_device, ANSWER_NOT_RECORDED);
	assert_int_equal(p->adha_conformant, CONFORMANCE_NOT_RECORDED);
	registry_free(r);
}

static void columns_of_destinations_and_contracts_are_typed(void **state)
{
	static const char destinations[] =
	        "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries,"
	        "storage_country,storage_state,overseas_access,onward_allowed,min_tls,"
	        "subprocessors\n"
	        "d-1,bookaroo,B,AU,processor,sni:b.example,AU,NZ,VIC,yes,no,none,Cloud A|Mail B\n"
	        "d-2,bookaroo,B,AU,processor,sni:c.example,AU,,,,,,none\n";
	static const char contracts[] =
	        "contract_id,recipient,program_ids,type,start,end,review_by,categories,purposes,"
	        "countries,training_use,doc_ref\n"
	        "c-1,B,bookaroo,agreement,2026-01-01,2026-12-31,,contact,care|backup,AU|NZ,"
	        "silent,drawer\n"
	        "c-2,B,bookaroo,agreement,2026-01-01,2026-12-31,,contact,research,none,,none\n";
	int status;
	struct registry *r = load_with(REGISTRY_DESTINATIONS, span_of_text(destinations), &status);
	const struct registry_destination *d = registry_destination(r, 0);
	const struct registry_contract *c;

	(void)state;
	assert_string_equal(d->storage_country, "NZ");
	assert_string_equal(d->storage_state, "VIC");
	assert_int_equal(d->overseas_access, ANSWER_YES);
	assert_int_equal(d->onward_allowed, ANSWER_NO);
	assert_int_equal(d->min_tls, TLS_FLOOR_NONE);
	assert_int_equal(d->subprocessors.count, 2);
	d = registry_destination(r, 1);
	assert_int_equal(d->min_tls, TLS_FLOOR_1_2);
	assert_int_equal(d->overseas_access, ANSWER_NOT_RECORDED);
	assert_true(d->subprocessors.none);
	registry_free(r);
	r = load_with(REGISTRY_CONTRACTS, span_of_text(contracts), &status);
	c = registry_contract(r, 0);
	assert_int_equal(c->purposes, 1u << PURPOSE_CARE | 1u << PURPOSE_BACKUP);
	assert_int_equal(c->countries.count, 2);
	assert_int_equal(c->training_use, TRAINING_SILENT);
	c = registry_contract(r, 1);
	assert_true(c->countries.none);
	assert_int_equal(c->training_use, TRAINING_NOT_RECORDED);
	registry_free(r);
}

static void columns_of_basis_exceptions_and_practice_are_typed(void **state)
{
	static const char exceptions[] =
	        "flag,program_id,dest_id,reason,accepted_by,from,until\n"
	        "no-contract,magpiescribe,,trial ends soon,principal,2026-10-01,2026-12-31\n"
	        "unencrypted,,ping-sms,,,,2026-12-31\n";
	int status;
	struct registry *r = load_with(REGISTRY_EXCEPTIONS, span_of_text(exceptions), &status);
	const struct registry_exception *e = registry_exception(r, 0);

	(void)state;
	assert_int_equal(status, 0);
	assert_int_equal(registry_practice(r)->state, STATE_NSW);
	assert_true(registry_practice(r)->policy_countries.none);
	assert_int_equal(registry_basis(r, 0)->purpose, PURPOSE_QI_SHARED);
	assert_int_equal(registry_basis(r, 5)->purpose, PURPOSE_BACKUP);
	assert_string_equal(registry_basis(r, 5)->evidence_ref, "IT policy v3");
	assert_int_equal(registry_exception_count(r), 2);
	assert_string_equal(e->flag, "no-contract");
	assert_string_equal(e->reason, "trial ends soon");
	assert_string_equal(e->accepted_by, "principal");
	assert_int_equal(e->program, 5);
	assert_int_equal(e->destination, REGISTRY_NO_ROW);
	assert_int_equal(e->until_day - e->from_day, 91);
	e = registry_exception(r, 1);
	assert_int_equal(e->program, REGISTRY_NO_ROW);
	assert_int_equal(e->destination, 4);
	assert_int_equal(e->from_day, REGISTRY_NO_DAY);
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(columns_of_programs_are_typed),
	        cmocka_unit_test(columns_of_destinations_and_contracts_are_typed),
	        cmocka_unit_test(columns_of_basis_exceptions_and_practice_are_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
