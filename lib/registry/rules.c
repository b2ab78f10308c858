#include "registry/rules.h"

#include <string.h>

#include "net/match_rule.h"
#include "registry/cells.h"
#include "registry/registry.h"

#define IPV4_BITS_MIN 8 /* wider prefixes hold whole continents */
#define IPV6_BITS_MIN 19

/* Suffixes under which names belong to unrelated owners: registries' own (of the Public Suffix
 * List, those that an Australian practice meets). */
static const char *const public_suffixes[] = {"com.au", "net.au", "org.au", "gov.au", "edu.au",
        "id.au", "asn.au", "nsw.gov.au", "vic.gov.au", "qld.gov.au", "co.nz", "net.nz", "org.nz",
        "govt.nz", "health.nz", "co.uk", "org.uk", "nhs.uk"};

/* Hosting and delivery services whose names are lent to many customers. */
static const char *const shared_suffixes[] = {"amazonaws.com", "awsglobalaccelerator.com",
        "cloudfront.net", "elasticbeanstalk.com", "azure.com", "azure-api.net", "azureedge.net",
        "azurefd.net", "azurewebsites.net", "cloudapp.net", "trafficmanager.net", "windows.net",
        "googleapis.com", "googleusercontent.com", "appspot.com", "run.app", "web.app",
        "firebaseapp.com", "firebaseio.com", "cloudfunctions.net", "herokuapp.com", "netlify.app",
        "vercel.app", "github.io", "pages.dev", "workers.dev", "r2.dev", "cloudflare.com",
        "cloudflare.net", "akamai.net", "akamaiedge.net", "akamaihd.net", "akamaized.net",
        "edgekey.net", "edgesuite.net", "fastly.net", "fastlylb.net", "b-cdn.net", "llnwd.net",
        "digitaloceanspaces.com", "ondigitalocean.app", "linodeobjects.com", "wpengine.com",
        "myshopify.com", "force.com", "salesforce.com", "sendgrid.net", "mailgun.org",
        "outlook.com", "office365.com", "sharepoint.com"};

static bool in_list(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

bool registry_is_shared_host(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(shared_suffixes); i++) {
		size_t suffix = strlen(shared_suffixes[i]);
		const char *end;

		if (len < suffix)
			continue;
		end = name + len - suffix;
		if (strcmp(end, shared_suffixes[i]) == 0 && (len == suffix || end[-1] == '.'))
			return true;
	}
	return false;
}

/* A wildcard at a shared service itself or anywhere under one, such as *.s3.amazonaws.com. */
static bool is_shared(const struct match_rule *r)
{
	return strncmp(r->text, "*.", 2) == 0 && registry_is_shared_host(r->text + 2);
}

static const char *too_wide(const struct match_rule *r)
{
	bool star = strncmp(r->text, "*.", 2) == 0;

	if (star && in_list(r->text + 2, public_suffixes, ARRAY_LEN(public_suffixes)))
		return "This rule covers the names of unrelated owners; give the vendor's own "
		       "domain, such as sni:*.vendor.com.au.";
	if (r->kind == MATCH_IP &&
	        r->prefix.bits <
	                (r->prefix.addr.family == ADDR_IPV4 ? IPV4_BITS_MIN : IPV6_BITS_MIN))
		return "This network is too wide to name anyone; give the vendor's own addresses.";
	return NULL;
}

/* Digits, or a month's name among them, and no colon: a rule never looks so, but what a spreadsheet
 * makes of addresses and lists of ports does. */
static bool is_turned(const char *term)
{
	size_t digits = strspn(term, "0123456789./-, ");

	if (strchr(term, ':'))
		return false;
	return term[digits] == '\0' || (strpbrk(term, "0123456789") && strchr(term, '-') &&
	                                       strlen(term) <= 11 && !strchr(term, '.'));
}

bool rule_check(const char *term, struct place at, struct problems *p)
{
	const char *reason = "";
	struct match_rule rule;
	const char *wide;

	if (is_turned(term)) {
		problems_error(p, at, "rule-turned",
		        "A spreadsheet made a number or a date of this rule; give the cell the "
		        "format Text and type the rule again, such as port:tcp/5938.");
		return false;
	}
	if (match_rule_parse(span_of_text(term), &rule, &reason) != 0) {
		problems_error(
		        p, at, "rule-form", "A rule of this list cannot be read: %s.", reason);
		return false;
	}
	wide = too_wide(&rule);
	if (!wide)
		return true;
	problems_error(p, at, "rule-too-wide", "%s", wide);
	return false;
}

/* What many programs run in, or call themselves: "Mozilla/5.0" stands before nearly every name. */
static bool is_common_program(const struct match_rule *r)
{
	return (r->kind == MATCH_PROC && match_process_is_shared(r->text)) ||
	       (r->kind == MATCH_UA && strncmp(r->text, "mozilla/", 8) == 0 &&
	               !strchr(r->text, ' '));
}

bool rules_check_together(const char *cell, struct place at, struct problems *p)
{
	struct span rest = span_of_text(cell);
	struct span item;
	bool shared = false, common = false;

	while (list_next(&rest, &item)) {
		struct match_rule rule;
		const char *reason;

		if (match_rule_parse(item, &rule, &reason) != 0)
			return false;
		if (is_shared(&rule))
			shared = true;
		else if (is_common_program(&rule))
			common = true;
		else if (!match_rule_is_common_port(&rule))
			return true;
	}
	if (common) {
		problems_warning(p, at, "rule-common-program",
		        "Many programs run in this one or call themselves so; add the vendor's "
		        "host "
		        "name, or what others send counts as this program's.");
		return true;
	}
	if (shared)
		problems_error(p, at, "rule-shared-host",
		        "This host service has many customers, so the rule alone does not tell "
		        "whose data it is; add the vendor's own host name.");
	else
		problems_error(p, at, "rule-common-port",
		        "Every program uses this port, so the rule alone tells nothing; add the "
		        "vendor's host name or address.");
	return false;
}
