#include "report/sentences.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/country.h"
#include "base/status.h"

static void PRINTF(2, 3) add(char ret[static SENTENCE_CHARS], const char *format, ...)
{
	size_t len = strlen(ret);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret + len, SENTENCE_CHARS - len, format, arguments);
	va_end(arguments);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void sentence_bytes(uint64_t bytes, char ret[static 24])
{
	if (bytes < 10000)
		snprintf(ret, 24, "%" PRIu64 " byte%s", bytes, plural(bytes));
	else if (bytes < UINT64_C(1000000))
		snprintf(ret, 24, "%.0f kB", (double)bytes / 1e3);
	else if (bytes < UINT64_C(1000000000))
		snprintf(ret, 24, "%.1f MB", (double)bytes / 1e6);
	else
		snprintf(ret, 24, "%.1f GB", (double)bytes / 1e9);
}

void sentence_moment(int64_t time_ns, char ret[static 32])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SECOND);
	struct tm parts;

	if (!localtime_r(&seconds, &parts) || strftime(ret, 32, "%Y-%m-%d %H:%M", &parts) == 0)
		ret[0] = '\0';
}

/* any: something was recorded. It may be one packet, and take no time. */
static void add_duration(char ret[static SENTENCE_CHARS], double seconds, bool any)
{
	if (any && seconds < 1)
		add(ret, "less than a second");
	else if (seconds < 120)
		add(ret, "%.0f second%s", seconds, seconds >= 0.5 && seconds < 1.5 ? "" : "s");
	else if (seconds < 7200)
		add(ret, "%.0f minutes", seconds / 60);
	else
		add(ret, "%.1f hours", seconds / 3600);
}

/* What has no percentage may still be missing: the end of a cut file, frames that nobody reads. */
static bool has_gap(const struct report_run *run)
{
	const struct verdict *v = run->run_verdict;

	for (unsigned i = 0; v && i < v->flag_count; i++)
		if (v->flags[i].id == FLAG_CAPTURE_GAP)
			return true;
	return false;
}

int sentence_recorded(struct report *r, char ret[static SENTENCE_CHARS])
{
	const struct report_run *run = r->run;
	const struct store_query period = report_period(r);
	struct store_input *inputs = NULL;
	uint64_t frames = 0, unread = 0, dropped = 0, cut = 0;
	size_t count = 0;
	int status = store_inputs(r->store, &period, &inputs, &count);

	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		frames += inputs[i].frames;
		unread += inputs[i].unread;
		dropped += inputs[i].dropped;
		cut += inputs[i].cut;
	}
	free(inputs);
	ret[0] = '\0';
	add(ret, "Recorded ");
	add_duration(ret, run->captured_seconds, frames > unread);
	/* A recording may reach beyond the day; its packets are not counted by day. */
	if (run->day[0] != '\0')
		add(ret, " of this day, in %zu recording%s of %" PRIu64 " packet%s: ", count,
		        plural(count), frames, plural(frames));
	else
		add(ret, " in %zu recording%s: %" PRIu64 " packet%s, ", count, plural(count),
		        frames, plural(frames));
	if (run->loss_percent > 0)
		add(ret, "%.2f%% not seen", run->loss_percent);
	else
		add(ret, "%s", has_gap(run) ? "an unknown part not seen" : "none known to be lost");
	if (dropped > 0)
		add(ret, ", %" PRIu64 " dropped", dropped);
	if (cut > 0)
		add(ret, ", %" PRIu64 " cut short", cut);
	add(ret, ".");
	return STATUS_OK;
}

void sentence_saved(const struct report *r, char ret[static SENTENCE_CHARS])
{
	const struct report_saved *s = r->run->saved;
	char bytes[24];

	ret[0] = '\0';
	if (!s)
		return;
	sentence_bytes(s->bytes, bytes);
	add(ret, "The content of %" PRIu64 " packet%s (%s) was saved in %" PRIu64 " file%s, ",
	        s->frames, plural(s->frames), bytes, s->files, plural(s->files));
	add(ret, "to be kept for %s, for this purpose: %s.", s->keep, s->purpose);
	add(ret, " After that exeat deletes a file when it next saves here; otherwise delete it by "
	         "hand.");
	if (s->frames_not_saved > 0)
		add(ret, " %" PRIu64 " packet%s could not be saved.", s->frames_not_saved,
		        plural(s->frames_not_saved));
	if (s->files_not_deleted > 0)
		add(ret,
		        " %" PRIu64 " file%s kept for longer than that could not be deleted: "
		        "delete %s by hand.",
		        s->files_not_deleted, plural(s->files_not_deleted),
		        s->files_not_deleted == 1 ? "it" : "them");
}

void sentence_bypassed(const struct report *r, char ret[static SENTENCE_CHARS])
{
	uint64_t flows = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < r->seen.reason_count; i++)
		if (strcmp(r->seen.reasons[i].reason, "bypassed") == 0)
			flows = r->seen.reasons[i].flows;
	if (r->run->no_content)
		add(ret,
		        "What was sent in the conversations read this time was not looked into, as "
		        "asked (--no-content). For them, this report says who sent how much to "
		        "whom, when, and on what paper.");
	else if (flows > 0)
		add(ret,
		        "What %" PRIu64 " conversation%s carried was not looked into, as asked; of "
		        "%s what follows says who sent how much to whom, when, and on what paper.",
		        flows, plural(flows), flows == 1 ? "it" : "them");
}

static void format_day(int64_t time_ns, char ret[static 28])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SECOND);
	struct tm parts;

	localtime_r(&seconds, &parts);
	if (strftime(ret, 28, "%e %B %Y", &parts) == 0)
		ret[0] = '\0';
	if (ret[0] == ' ')
		memmove(ret, ret + 1, strlen(ret));
}

int sentence_period(struct report *r, char ret[static 64])
{
	char first[28], last[28];
	int64_t first_ns, last_ns;
	int status = run_period(r, &first_ns, &last_ns);

	if (status != STATUS_OK)
		return status;
	format_day(first_ns, first);
	format_day(last_ns, last);
	if (first_ns == 0 && last_ns == 0)
		snprintf(ret, 64, "nothing was recorded");
	else if (strcmp(first, last) == 0)
		snprintf(ret, 64, "%s", first);
	else
		snprintf(ret, 64, "%s to %s", first, last);
	return STATUS_OK;
}

void sentence_countries(const char *joined, char ret[static CELL_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (const char *at = joined; *at && len < CELL_CHARS;) {
		size_t n = strcspn(at, "|");
		char code[8];

		snprintf(code, sizeof(code), "%.*s", (int)n, at);
		len += (size_t)snprintf(ret + len, CELL_CHARS - len, "%s%s", len > 0 ? ", " : "",
		        country_name(code));
		at += at[n] == '|' ? n + 1 : n;
	}
}

const char *sentence_country_confidence(const char *confidence)
{
	static const struct {
		const char *confidence, *text;
	} all[] = {
	        {"none", "we could not tell"},
	        {"unproven", "not sure: public lists differ, or the address serves many places"},
	        {"database", "by public lists of networks"},
	        {"override", "by a list that is kept by hand"},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].confidence, confidence) == 0)
			return all[i].text;
	return confidence;
}

void sentence_totals(const struct report *r, char ret[static SENTENCE_CHARS])
{
	const uint64_t *n = r->seen.outcomes;

	ret[0] = '\0';
	if (r->seen.egress == 0)
		add(ret, "We saw nothing leave the practice.");
	else
		add(ret,
		        "%" PRIu64 " conversation%s sent something out: act on %" PRIu64
		        ", look at %" PRIu64 ", cannot tell for %" PRIu64 ", covered %" PRIu64 ".",
		        r->seen.egress, plural(r->seen.egress), n[OUTCOME_ACT], n[OUTCOME_LOOK],
		        n[OUTCOME_CANNOT_TELL], n[OUTCOME_COVERED]);
	if (r->seen.inbound > 0)
		add(ret, " %" PRIu64 " only received.", r->seen.inbound);
	if (r->seen.internal > 0)
		add(ret, " %" PRIu64 " stayed inside.", r->seen.internal);
}

const char *sentence_reason(const char *reason)
{
	static const struct {
		const char *reason, *text;
	} reasons[] = {
	        {"encrypted", "encrypted on the way"},
	        {"sealed", "sealed for the recipient before sending"},
	        {"gap", "part of the recording is missing"},
	        {"budget", "set aside for lack of memory"},
	        {"limit", "larger or deeper than we look"},
	        {"key-late", "the key came too late"},
	        {"unknown-protocol", "in a form that we do not read"},
	        {"media", "sound or video, which we do not open"},
	        {"bypassed", "not looked into, as asked"},
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i].reason, reason) == 0)
			return reasons[i].text;
	return reason;
}

void sentence_unseen(const struct report *r, char ret[static SENTENCE_CHARS])
{
	const struct seen_counts *c = &r->seen;
	char bytes[24];

	ret[0] = '\0';
	add(ret, "What could not be seen:");
	for (unsigned i = 0; i < c->reason_count; i++) {
		sentence_bytes(c->reasons[i].bytes, bytes);
		add(ret, " %" PRIu64 " conversation%s %s (%s);", c->reasons[i].flows,
		        plural(c->reasons[i].flows), sentence_reason(c->reasons[i].reason), bytes);
	}
	if (c->transit > 0)
		add(ret,
		        " %" PRIu64 " conversation%s between outside addresses only (check what"
		        " counts as inside);",
		        c->transit, plural(c->transit));
	if (r->rows_folded > 0 || r->flags_folded > 0)
		add(ret, " rows past the maximum, added up as %s;", ROW_OTHER);
	add(ret, " mobile data, other sites, and what recipients pass on.");
}

/* Why somebody should care, in a sentence. */
static const char *const why[FLAGS] = {
        [FLAG_REGISTER_PROBLEM] = "Answers are only as good as the register they are held "
                                  "against.",
        [FLAG_CAPTURE_GAP] = "What was not recorded cannot be judged.",
        [FLAG_NOT_CAPTURED] = "A day without a recording is not a day without sending.",
        [FLAG_NO_CAPTURE_AUTHORITY] = "Monitoring a network needs permission that can be "
                                      "shown.",
        [FLAG_UNKNOWN_PROGRAM] = "Nobody has said who answers for what this program sends.",
        [FLAG_UNKNOWN_DESTINATION] = "Nobody has recorded who receives this, or what for.",
        [FLAG_PROGRAM_BANNED] = "A decision of the practice is not being carried out.",
        [FLAG_PROGRAM_RETIRED_ACTIVE] = "The program may still be installed, with its access "
                                        "to records.",
        [FLAG_NO_CONTRACT] = "Nothing on record says what the recipient may do with the "
                             "information.",
        [FLAG_CONTRACT_EXPIRED] = "What the recipient promised may no longer bind it.",
        [FLAG_CONTRACT_NOT_STARTED] = "What the recipient promised may not bind it yet.",
        [FLAG_CONTRACT_ENDING] = "There is time to renew it or to stop sending.",
        [FLAG_REVIEW_OVERDUE] = "The practice set itself a date to look at this again.",
        [FLAG_NO_BASIS] = "Health information needs a recorded reason to be passed on.",
        [FLAG_BASIS_EXPIRED] = "The reason for sending needs to be confirmed or the sending "
                               "stopped.",
        [FLAG_CATEGORY_NOT_COVERED] = "More was sent than the recorded agreement is about.",
        [FLAG_DEID_CLAIM_CONTRADICTED] =
                "The paper on record says that no patient can be recognised in it.",
        [FLAG_IDENTIFIER_IN_METADATA] = "Addresses and file names are kept in logs along the "
                                        "way.",
        [FLAG_UNENCRYPTED] = "Anyone on the way could have read it.",
        [FLAG_WEAK_ENCRYPTION] = "Somebody on the way who takes the trouble could read it.",
        [FLAG_BAD_CERTIFICATE] = "Somebody else may have answered in the place of the "
                                 "recipient.",
        [FLAG_NOT_INSPECTABLE] = "Only the recipient and the maker of the program can say "
                                 "what it held.",
        [FLAG_SEALED_MESSAGE] = "This is good practice; who it was for is what the register "
                                "says.",
        [FLAG_COUNTRY_NOT_ALLOWED] = "The register limits where this information may go.",
        [FLAG_COUNTRY_UNCERTAIN] = "Ask the recipient where its computers are.",
        [FLAG_OVERSEAS_BASIS_MISSING] = "To send health information overseas you need a reason "
                                        "of its own on record.",
        [FLAG_NO_CONSENT_RECORD] = "Nobody could show later what patients agreed to.",
        [FLAG_PURPOSE_NOT_COVERED] = "The agreement on record was made for something else.",
        [FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY] =
                "Patients are told by your privacy policy where their information may go.",
        [FLAG_STATE_TRANSFER_BASIS_MISSING] =
                "NSW and Victoria have rules of their own for what leaves the State.",
        [FLAG_MHR_GATEWAY_UNEXPECTED] =
                "Whoever answers there may receive My Health Record information.",
        [FLAG_MHR_LIKE_DOCUMENT_OFFSHORE] =
                "Some suppliers may not keep or handle such documents overseas.",
        [FLAG_BROKER_MANY_RECIPIENTS] = "The register names one recipient where there may be many.",
        [FLAG_AI_SERVICE_UNREGISTERED] =
                "Nobody has recorded what the service may keep, or learn from.",
        [FLAG_CONSUMER_CLOUD] = "Such services are made for private use, and the practice "
                                "has no say in them.",
        [FLAG_TRACKER] = "Such companies learn who uses a page, and what for.",
        [FLAG_REMOTE_ACCESS_TOOL] = "Who can see a screen can see the records on it.",
        [FLAG_HIDDEN_DNS] = "Recipients may be missing from this report.",
        [FLAG_TUNNEL] = "What went through it is missing from this report.",
        [FLAG_OPAQUE_UNREGISTERED] = "Only whoever sent the files can say what they held.",
        [FLAG_TEST_HOST_LIVE_DATA] = "Test services are open to more people than they need.",
        [FLAG_LAN_PORT_AT_BORDER] = "Such services trust whoever reaches them.",
        [FLAG_PRESCRIPTION_TOKEN] = "Whoever holds the link can collect the medicine.",
        [FLAG_IMAGE_DOCUMENT] = "Scans may show letters, cards or patients.",
        [FLAG_RETIRED_RECIPIENT] = "Nobody may be looking after what arrives there.",
        [FLAG_VOLUME_ANOMALY] = "A program that sends much more than usual may send what it "
                                "should not.",
        [FLAG_FULL_DB_SIZE] = "A whole copy of your records may now be somewhere else.",
        [FLAG_SCHEDULE_ANOMALY] = "Somebody may have used it when nobody was meant to.",
        [FLAG_FIRST_SEEN] = "Somebody may have set up something new.",
        [FLAG_EXPECTED_FLOW_MISSING] = "Without a backup, lost records stay lost.",
        [FLAG_EXPOSED_COMPUTER] = "A fault that nobody mends can be used from outside.",
        [FLAG_UNSUPPORTED_VERSION] = "Its maker no longer mends faults that are found in it.",
        [FLAG_NO_UPDATES_SEEN] = "Faults that its maker has mended may still be there.",
        [FLAG_VERSION_WENT_BACK] = "Faults that were mended may be back.",
        [FLAG_UPDATE_IN_CLEAR] = "Anyone on the way can see which programs the practice "
                                 "uses.",
};

const char *sentence_why(enum flag_id flag)
{
	return flag < FLAGS && why[flag] ? why[flag] : "";
}
