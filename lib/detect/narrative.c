#include "detect/narrative.h"

#include <string.h>

/* Points that a window needs. Measured on letters, notes and transcripts, and on articles,
 * leaflets, guidelines, directories, news and logs (tests/detect/texts keeps some of each). */
#define CERTAIN_CLINICAL  3 /* different clinical words, with a name and a date of birth */
#define LIKELY_CLINICAL   4 /* with a name alone */
#define LIKELY_PATIENT    3
#define DENSE_CLINICAL    6 /* with a name and little that is said of one person */
#define NOTE_CLINICAL     6 /* with nobody named */
#define NOTE_PATIENT      4
#define NOTE_DENSE        8 /* where fewer phrases do */
#define TALK_CLINICAL     3
#define TALK_PHRASES      4
#define TALK_MANY         6 /* where fewer clinical words do */
#define TURNS_MIN         2 /* each of clinician and patient */
#define UNITS_MAX         3 /* that count: a table of values is not a letter */
#define HEADINGS_MAX      2 /* a lecture has headings too */
#define LETTER_MAX        2
#define ARTICLE_FEW       1
#define SPECIFICATION_MIN 2

struct points {
	unsigned clinical, units, patient, talk, article;
	unsigned note, about; /* that one patient is spoken of, without and with a letter's form */
	bool turns;
};

static unsigned different(uint32_t bits)
{
	unsigned count = 0;

	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

static unsigned at_most(unsigned value, unsigned max)
{
	return value < max ? value : max;
}

static struct points add_up(const struct narrative *e)
{
	uint32_t all[TERM_GROUPS] = {0};
	unsigned clinician = 0, patient = 0;
	struct points p;

	for (unsigned b = 0; b < NARRATIVE_BLOCKS; b++) {
		for (unsigned g = 0; g < TERM_GROUPS; g++)
			all[g] |= e->blocks[b].terms[g];
		clinician += e->blocks[b].clinician_turns;
		patient += e->blocks[b].patient_turns;
	}
	p = (struct points){
	        .units = at_most(different(all[TERM_UNIT]), UNITS_MAX),
	        .patient = different(all[TERM_PATIENT]) + different(all[TERM_SHORTHAND]) +
	                   (all[TERM_AGE] != 0),
	        .talk = different(all[TERM_TALK]),
	        .article = different(all[TERM_ARTICLE]) + different(all[TERM_SPECIFICATION]),
	        .turns = clinician >= TURNS_MIN && patient >= TURNS_MIN,
	};
	p.clinical = different(all[TERM_MEDICINE]) + different(all[TERM_CONDITION]) +
	             different(all[TERM_FINDING]) + different(all[TERM_TEST]) +
	             different(all[TERM_SHORTHAND]) + p.units;
	p.note = p.patient + at_most(different(all[TERM_HEADING]), HEADINGS_MAX);
	p.about = p.note + at_most(different(all[TERM_LETTER]), LETTER_MAX);
	return p;
}

static bool is_near(uint64_t place, uint64_t to, uint64_t distance)
{
	return place != 0 && place - 1 + distance >= to;
}

static void raise_level(struct narrative *e, enum narrative_level level)
{
	if (level > e->level)
		e->level = level;
}

/* Somebody is named with a date of birth nearby. */
static enum narrative_level judge_person(const struct points *p)
{
	if (p->clinical >= CERTAIN_CLINICAL && p->about + p->units > 0)
		return NARRATIVE_CERTAIN;
	if (p->clinical >= DENSE_CLINICAL || (p->clinical > 0 && p->about >= LIKELY_PATIENT))
		return NARRATIVE_LIKELY;
	return NARRATIVE_NONE;
}

/* Somebody is named: Mr X. */
static bool judge_name(const struct points *p)
{
	return (p->clinical >= LIKELY_CLINICAL && p->about >= LIKELY_PATIENT) ||
	       (p->clinical >= DENSE_CLINICAL && p->about > 0 && p->article == 0);
}

static bool judge_unnamed(const struct points *p)
{
	unsigned phrases = p->turns ? TALK_PHRASES / 2 : TALK_PHRASES;

	if (p->talk >= phrases &&
	        p->clinical >= (p->talk >= TALK_MANY ? TALK_CLINICAL - 1 : TALK_CLINICAL))
		return true;
	return p->article <= ARTICLE_FEW && p->clinical >= NOTE_CLINICAL &&
	       p->note >= (p->clinical >= NOTE_DENSE ? NOTE_PATIENT - 1 : NOTE_PATIENT);
}

/* The window that ends with the newest block. A letter may say "side effects"; an article says more
 * of its kind than of one patient. */
static void judge_window(struct narrative *e)
{
	const struct points p = add_up(e);
	const uint64_t end = (e->newest + 1) * NARRATIVE_BLOCK_BYTES;
	const uint64_t reach = NARRATIVE_PERSON_BYTES + NARRATIVE_BLOCK_BYTES;

	if (p.clinical == 0 || (p.article > ARTICLE_FEW && p.article >= p.about + p.talk))
		return;
	if (is_near(e->person_at, end, reach))
		raise_level(e, judge_person(&p));
	if (is_near(e->name_at, end, reach) && judge_name(&p))
		raise_level(e, NARRATIVE_LIKELY);
	if (judge_unnamed(&p))
		raise_level(e, NARRATIVE_CLINICAL);
	e->dense = e->dense || (p.clinical >= LIKELY_CLINICAL && p.about + p.talk > 0);
}

/* The window moves on to a block; those that it leaves behind are judged. */
static void move_to(struct narrative *e, uint64_t block)
{
	if (block <= e->newest)
		return;
	judge_window(e);
	for (unsigned n = 0; e->newest < block && n < NARRATIVE_BLOCKS; n++) {
		e->newest++;
		e->blocks[e->newest % NARRATIVE_BLOCKS] = (struct narrative_block){.terms = {0}};
	}
	if (e->newest < block) {
		e->newest = block;
		memset(e->blocks, 0, sizeof(e->blocks));
	}
}

static struct narrative_block *newest_block(struct narrative *e)
{
	return &e->blocks[e->newest % NARRATIVE_BLOCKS];
}

static void count_turn(uint8_t *turns)
{
	if (*turns < NARRATIVE_TURNS_MAX)
		(*turns)++;
}

void narrative_term(struct narrative *e, uint64_t at, const struct term *term)
{
	struct narrative_block *block;

	move_to(e, (e->base + at) / NARRATIVE_BLOCK_BYTES);
	block = newest_block(e);
	block->terms[term->group] |= (uint32_t)1 << term->bit;
	if (term->group == TERM_CLINICIAN_TURN)
		count_turn(&block->clinician_turns);
	else if (term->group == TERM_PATIENT_TURN)
		count_turn(&block->patient_turns);
	else if (term->group == TERM_SPECIFICATION)
		e->specification |= (uint32_t)1 << term->bit;
}

void narrative_turn(struct narrative *e, bool patient)
{
	struct narrative_block *block = newest_block(e);

	count_turn(patient ? &block->patient_turns : &block->clinician_turns);
}

void narrative_name(struct narrative *e, uint64_t at)
{
	e->name_at = e->base + at + 1;
	if (is_near(e->birth_at, e->base + at, NARRATIVE_PAIR_BYTES))
		e->person_at = e->name_at;
}

void narrative_birth(struct narrative *e, uint64_t at)
{
	e->birth_at = e->base + at + 1;
	if (is_near(e->name_at, e->base + at, NARRATIVE_PAIR_BYTES))
		e->person_at = e->birth_at;
}

void narrative_person(struct narrative *e, uint64_t at)
{
	e->person_at = e->base + at + 1;
}

void narrative_text_end(struct narrative *e, uint64_t bytes)
{
	e->base += bytes;
}

enum narrative_level narrative_judge(struct narrative *e, bool named)
{
	judge_window(e);
	if (named && e->dense)
		return NARRATIVE_CERTAIN;
	return e->level;
}

bool narrative_specifies(const struct narrative *e)
{
	return different(e->specification) >= SPECIFICATION_MIN;
}

void narrative_inherit(struct narrative *e, const struct narrative *from)
{
	e->base = from->base;
	e->newest = from->newest;
	memcpy(e->blocks, from->blocks, sizeof(e->blocks));
	e->name_at = from->name_at;
	e->birth_at = from->birth_at;
	e->person_at = from->person_at;
}
