#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "verdict/decision.h"

#define MINUTES_OF_DAY 1440
#define TIMES_CHARS    96

static void check_transport(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_destination *to = d->trail.destination;
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;

	if (s->transport != TRANSPORT_CLEAR || s->infrastructure)
		return;
	if (to)
		decision_destination(d, name);
	if (to && to->role == ROLE_UPDATE_ONLY && d->verdict->evidence != EVIDENCE_SEEN)
		decision_raise(d, FLAG_UPDATE_IN_CLEAR, &d->blanks, "%s role update-only", name);
	else
		decision_raise(d, FLAG_UNENCRYPTED, &d->blanks, "%s", name);
}

/* Versions below 1.2 are out of date whatever the register says. */
static bool is_below_floor(const struct decision *d)
{
	const char *version = d->subject->tls_version;

	return d->trail.destination && d->trail.destination->min_tls == TLS_FLOOR_1_3 && version &&
	       strcmp(version, "TLS 1.2") == 0;
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
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;
	struct blanks blanks;

	if (d->trail.destination)
		decision_destination(d, name);
	if (s->weak_encryption)
		decision_raise(d, FLAG_WEAK_ENCRYPTION, &d->blanks, "%s", name);
	else if (is_below_floor(d))
		decision_raise(d, FLAG_WEAK_ENCRYPTION, &d->blanks, "%s min_tls 1.3; %s was used",
		        name, s->tls_version);
	if ((size_t)s->certificate >= ARRAY_LEN(reasons) || !reasons[s->certificate])
		return;
	blanks = decision_with(d, BLANK_REASON, reasons[s->certificate]);
	decision_raise(d, FLAG_BAD_CERTIFICATE, &blanks, "%s", name);
}

static void check_content(struct decision *d)
{
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;

	if (d->trail.destination)
		decision_destination(d, name);
	if (d->subject->identifier_in_metadata)
		decision_raise(d, FLAG_IDENTIFIER_IN_METADATA, &d->blanks, "%s", name);
	if (d->subject->tier == TIER_SEALED)
		decision_raise(d, FLAG_SEALED_MESSAGE, &d->blanks, "%s", name);
	if (d->subject->tier != TIER_OPAQUE)
		return;
	if (d->ai_recipient && d->trail.contract_silent >= 0 && d->trail.contract_trains < 0)
		decision_raise(d, FLAG_NOT_INSPECTABLE, &d->blanks,
		        "%s; the agreement does not say whether the maker may train on this", name);
	else
		decision_raise(d, FLAG_NOT_INSPECTABLE, &d->blanks, "%s", name);
}

/* Documents of the kinds that have rules of their own. */
static void check_documents(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	category_set pictures = (category_set)1 << CATEGORY_IMAGES;
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;

	if (d->trail.destination)
		decision_destination(d, name);
	else if (s->locked_files)
		decision_raise(d, FLAG_OPAQUE_UNREGISTERED, &d->blanks,
		        "destinations.csv: no row for %s", s->far_shown ? s->far_shown : "");
	if (s->prescription)
		decision_raise(d, FLAG_PRESCRIPTION_TOKEN, &d->blanks, "%s", name);
	if (s->pictures && !(d->trail.contract_covers & d->trail.basis_covers & pictures))
		decision_raise(d, FLAG_IMAGE_DOCUMENT, &d->blanks, "%s", name);
	if (s->mhr_unknown)
		decision_raise(d, FLAG_MHR_GATEWAY_UNEXPECTED, &d->blanks, "%s; %s",
		        s->mhr_why ? s->mhr_why : "", name);
	if (s->mhr_document && s->country && s->country_certain && s->country[0] != '\0' &&
	        strcmp(s->country, "AU") != 0)
		decision_raise(d, FLAG_MHR_LIKE_DOCUMENT_OFFSHORE, &d->blanks, "%s", name);
}

static const char *shown_service(const struct verdict_subject *s)
{
	return s->service_shown && s->service_shown[0] ? s->service_shown : s->far_shown;
}

/* The register itself calls it a way in, and this is not its update. */
static bool is_remote_program(const struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;

	return to && to->role != ROLE_UPDATE_ONLY && to->role != ROLE_CDN_ONLY &&
	       registry_program(d->registry, to->program)->kind == KIND_REMOTE;
}

/* Both ends of the window are inside of it; a session that outlasts it is not. */
static bool is_inside(const struct registry_hours *window, int64_t first_ns, int64_t last_ns)
{
	unsigned start = time_local_minute(first_ns);
	unsigned since = (start + MINUTES_OF_DAY - window->from_minute) % MINUTES_OF_DAY;
	unsigned length = ((unsigned)window->to_minute + MINUTES_OF_DAY - window->from_minute) %
	                  MINUTES_OF_DAY;
	int64_t minutes = (last_ns - first_ns) / (60 * NS_PER_SECOND);

	if (length == 0)
		return true; /* from midnight to midnight: all day */
	return since <= length && minutes <= (int64_t)(length - since);
}

/* "on 2026-11-22 from 09:18 to 09:25", by the clock on the wall. */
static void show_times(const struct verdict_subject *s, char ret[static TIMES_CHARS])
{
	unsigned first = time_local_minute(s->first_ns), last = time_local_minute(s->last_ns);
	char day[TIME_DATE_CHARS], last_day[TIME_DATE_CHARS];
	bool days = time_local_day(s->first_ns) != time_local_day(s->last_ns);

	ret[0] = '\0';
	if (s->first_ns == 0)
		return;
	time_local_date(s->first_ns, day);
	time_local_date(s->last_ns, last_day);
	if (first == last && !days)
		snprintf(ret, TIMES_CHARS, "on %s at %02u:%02u", day, first / 60, first % 60);
	else
		snprintf(ret, TIMES_CHARS, "on %s from %02u:%02u to %s%s%02u:%02u", day, first / 60,
		        first % 60, days ? last_day : "", days ? " " : "", last / 60, last % 60);
}

static void check_remote(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_destination *to = d->trail.destination;
	const struct registry_program *p = to ? registry_program(d->registry, to->program) : NULL;
	char name[DECISION_ROW_CHARS], times[TIMES_CHARS];
	struct blanks blanks = decision_with(d, BLANK_RECIPIENT, shown_service(s));

	d->verdict->timed = true;
	show_times(s, times);
	blanks.text[BLANK_TIMES] = times;
	if (p && (!s->service_shown || s->service_shown[0] == '\0'))
		blanks.text[BLANK_RECIPIENT] = p->name;
	if (!p) {
		decision_raise(d, FLAG_REMOTE_ACCESS_TOOL, &blanks,
		        "destinations.csv: no row for %s",
		        blanks.text[BLANK_RECIPIENT] ? blanks.text[BLANK_RECIPIENT] : "");
		return;
	}
	d->outside_window = p->support_window.recorded &&
	                    !is_inside(&p->support_window, s->first_ns, s->last_ns);
	decision_raise(d, FLAG_REMOTE_ACCESS_TOOL, &blanks, "%s; %s: %s",
	        decision_destination(d, name), p->id,
	        !p->support_window.recorded ? "no support_window"
	        : d->outside_window         ? "outside its support_window"
	                                    : "inside its support_window");
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
	struct blanks blanks = decision_with(d, BLANK_RECIPIENT, shown_service(s));

	if (id == FLAG_REMOTE_ACCESS_TOOL || is_remote_program(d))
		check_remote(d);
	else if (id != FLAGS && !d->trail.destination)
		decision_raise(d, id, &blanks, "destinations.csv: no row for %s",
		        blanks.text[BLANK_RECIPIENT] ? blanks.text[BLANK_RECIPIENT] : "");
}

static void check_border(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;

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
	check_documents(d);
	check_service(d);
	check_border(d);
}
