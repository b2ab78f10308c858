#include <stdio.h>
#include <string.h>

#include "verdict/decision.h"

static void list_countries(const struct registry_destination *to, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < to->allowed_country_count && len + 8 < size; i++)
		len += (size_t)snprintf(
		        ret + len, size - len, "%s%s", i > 0 ? ", " : "", to->allowed_countries[i]);
}

static bool is_allowed(const struct registry_destination *to, const char *country)
{
	for (size_t i = 0; i < to->allowed_country_count; i++)
		if (strcmp(to->allowed_countries[i], country) == 0)
			return true;
	return to->any_country;
}

static void check_country(struct decision *d)
{
	const char *country = d->subject->country ? d->subject->country : "";
	const struct registry_destination *to = d->trail.destination;
	char name[DECISION_ROW_CHARS], list[128];
	struct blanks blanks;

	if (country[0] == '\0' || !d->subject->country_certain) {
		decision_raise(d, FLAG_COUNTRY_UNCERTAIN, &d->blanks, "%s%s",
		        to ? "recorded country of the recipient: " : "nothing recorded",
		        to ? to->recipient_country : "");
		return;
	}
	if (!to || is_allowed(to, country))
		return;
	list_countries(to, list, sizeof(list));
	blanks = decision_with(d, BLANK_LIST, list);
	decision_raise(d, FLAG_COUNTRY_NOT_ALLOWED, &blanks, "%s allowed_countries %s",
	        decision_destination(d, name), list);
}

static void check_transport(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_destination *to = d->trail.destination;
	char name[DECISION_ROW_CHARS] = "nothing recorded";

	if (s->transport != TRANSPORT_CLEAR || s->infrastructure)
		return;
	if (to)
		decision_destination(d, name);
	if (to && to->role == ROLE_UPDATE_ONLY && d->verdict->evidence != EVIDENCE_SEEN)
		decision_raise(d, FLAG_UPDATE_IN_CLEAR, &d->blanks, "%s role update-only", name);
	else
		decision_raise(d, FLAG_UNENCRYPTED, &d->blanks, "%s", name);
}

static void check_protection(struct decision *d)
{
	static const char *const reasons[] = {
	        [CERTIFICATE_NO_DOUBT] = NULL,
	        [CERTIFICATE_SELF_SIGNED] = "it vouched for itself",
	        [CERTIFICATE_EXPIRED] = "its proof of identity had run out",
	        [CERTIFICATE_EARLY] = "its proof of identity was not valid yet",
	        [CERTIFICATE_OTHER_NAME] = "its proof of identity was made out to another name",
	};
	const struct verdict_subject *s = d->subject;
	char name[DECISION_ROW_CHARS] = "nothing recorded";
	struct blanks blanks;

	if (d->trail.destination)
		decision_destination(d, name);
	if (s->weak_encryption)
		decision_raise(d, FLAG_WEAK_ENCRYPTION, &d->blanks, "%s", name);
	if ((size_t)s->certificate >= ARRAY_LEN(reasons) || !reasons[s->certificate])
		return;
	blanks = decision_with(d, BLANK_REASON, reasons[s->certificate]);
	decision_raise(d, FLAG_BAD_CERTIFICATE, &blanks, "%s", name);
}

static void check_content(struct decision *d)
{
	char name[DECISION_ROW_CHARS] = "nothing recorded";

	if (d->trail.destination)
		decision_destination(d, name);
	if (d->subject->identifier_in_metadata)
		decision_raise(d, FLAG_IDENTIFIER_IN_METADATA, &d->blanks, "%s", name);
	if (d->subject->tier == TIER_SEALED)
		decision_raise(d, FLAG_SEALED_MESSAGE, &d->blanks, "%s", name);
	if (d->subject->tier == TIER_OPAQUE)
		decision_raise(d, FLAG_NOT_INSPECTABLE, &d->blanks, "%s", name);
}

/* What the service is asks; a row of the register answers, but for somebody seeing the screen. */
static void check_service(struct decision *d)
{
	static const enum flag_id flags[] = {
	        [FAR_SERVICE_OTHER] = FLAGS,
	        [FAR_SERVICE_REMOTE_ACCESS] = FLAG_REMOTE_ACCESS_TOOL,
	        [FAR_SERVICE_PERSONAL] = FLAG_CONSUMER_CLOUD,
	        [FAR_SERVICE_AI] = FLAG_AI_SERVICE_UNREGISTERED,
	        [FAR_SERVICE_TRACKER] = FLAG_TRACKER,
	        [FAR_SERVICE_HIDDEN_DNS] = FLAG_HIDDEN_DNS,
	        [FAR_SERVICE_TUNNEL] = FLAG_TUNNEL,
	};
	const struct verdict_subject *s = d->subject;
	enum flag_id id = (size_t)s->far_service < ARRAY_LEN(flags) ? flags[s->far_service] : FLAGS;
	const char *shown = s->service_shown && s->service_shown[0] ? s->service_shown
	                                                            : s->far_shown;
	struct blanks blanks = decision_with(d, BLANK_RECIPIENT, shown);
	char name[DECISION_ROW_CHARS];

	if (id == FLAGS)
		return;
	if (!d->trail.destination)
		decision_raise(
		        d, id, &blanks, "destinations.csv: no row for %s", shown ? shown : "");
	else if (id == FLAG_REMOTE_ACCESS_TOOL)
		decision_raise(d, id, &blanks, "%s", decision_destination(d, name));
}

static void check_border(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	char name[DECISION_ROW_CHARS] = "nothing recorded";

	if (d->trail.destination)
		decision_destination(d, name);
	if (s->test_service && s->patient_seen && d->verdict->evidence == EVIDENCE_SEEN)
		decision_raise(d, FLAG_TEST_HOST_LIVE_DATA, &d->blanks, "%s", name);
	/* A row of the register tells that somebody means to send there. */
	if (s->lan_port && (s->from_outside || !d->trail.destination))
		decision_raise(d, FLAG_LAN_PORT_AT_BORDER, &d->blanks, "%s", name);
}

void check_traffic(struct decision *d)
{
	check_transport(d);
	check_protection(d);
	check_content(d);
	check_country(d);
	check_service(d);
	check_border(d);
}
