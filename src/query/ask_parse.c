#include "query/ask_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "query/ask_blur.h"
#include "table/fold.h"

#define DEEPEST 100				/* parentheses and NOTs within each other */
#define LITERALS 1000

typedef struct Parser
{
	PpdlAskText *t;
	const PpdlFeatures *fs;
	PpdlAskMaker m;
	int			depth;
} Parser;

/* ------------------------------------------------------------------ columns */

/* letters to change, without their case, at most 255 */
static int
distance(const char *a, const char *b)
{
	const size_t n = strnlen(b, 60);
	int			row[61];

	for (size_t j = 0; j <= n; j++)
		row[j] = (int) j;
	for (size_t i = 0; a[i] && i < 60; i++)
	{
		int			diagonal = row[0]++;

		for (size_t j = 0; j < n; j++)
		{
			const int	same = (a[i] | 0x20) == (b[j] | 0x20),
						other = row[j] < row[j + 1] ? row[j] : row[j + 1],
						here = same || diagonal <= other ? diagonal + !same : other + 1;

			diagonal = row[j + 1];
			row[j + 1] = here;
		}
	}
	return row[n];
}

/* is it a column of the encoding, and not its "at least" bits? */
static int
is_column(const PpdlFeature *f)
{
	return f->column != NULL && f->kind != PPDL_FEATURE_AT_LEAST;
}

static PpdlStatus
unknown_column(const PpdlAskText *t, const PpdlFeatures *fs)
{
	char		list[240] = "";
	PpdlStatus	status;

	status = ppdl_ask_error(t, t->at, "no column \"%.*s\" was encoded", PPDL_CUT(t->text, 60));
	for (int most = 0; most <= 60; most++)
		for (int i = 0; i < fs->count && strlen(list) < 100; i++)
			if (is_column(&fs->feature[i]) && distance(t->text, fs->feature[i].column) == most)
				ppdl_names_add(list, sizeof list, "\"%.*s\"", PPDL_CUT(fs->feature[i].column, 60));
	return ppdl_error_hint(t->err, status, "Nearest are %s; names with blanks or signs stand in double quotes.", list);
}

/* the one that is called so, or but for case and blanks; NULL: none, or several */
static const PpdlFeature *
find_column(const PpdlFeatures *fs, const char *name)
{
	const PpdlFeature *found = fs->label && ppdl_fold_compare(fs->label->column, name) == 0 ? fs->label : NULL;

	if (found && strcmp(found->column, name) == 0)
		return found;
	for (int i = 0; i < fs->count; i++)
		if (is_column(&fs->feature[i]) && strcmp(fs->feature[i].column, name) == 0)
			return &fs->feature[i];
	for (int i = 0; i < fs->count; i++)
		if (is_column(&fs->feature[i]) && ppdl_fold_compare(fs->feature[i].column, name) == 0)
		{
			if (found)
				return NULL;
			found = &fs->feature[i];
		}
	return found;
}

static PpdlStatus
whitened(const PpdlAskText *t)
{
	ppdl_ask_error(t, t->at, "the rows hold components of their values (whitening), on which there are no conditions");
	return ppdl_error_hint(t->err, PPDL_ERR_ARGUMENT, "Encrypt the rows once more, into a column of its own, with a "
						   "feature file that has no such map.");
}

PpdlStatus
ppdl_ask_column(PpdlAskText *t, const PpdlFeatures *fs, const PpdlFeature **f)
{
	*f = NULL;
	if (t->token != PPDL_ASK_WORD && t->token != PPDL_ASK_NAME)
		return ppdl_ask_error(t, t->at, "the name of a column is expected");
	*f = find_column(fs, t->text);
	if (*f && *f != fs->label && fs->map)
		return whitened(t);
	return *f ? ppdl_ask_next(t) : unknown_column(t, fs);
}

/* ------------------------------------------------------------------ literals */

static PpdlStatus
add_literal(Parser *p, PpdlAskPredicate *to, int text, const char *sign, size_t at)
{
	PpdlAskLiteral *more;

	if (to->count == LITERALS)
		return ppdl_ask_error(p->t, at, "more than %d values", LITERALS);
	more = realloc(to->literal, (size_t) (to->count + 1) * sizeof *more);
	if (more == NULL)
		return ppdl_error(p->t->err, PPDL_ERR_NOMEM, "out of memory");
	to->literal = more;
	more[to->count] = (PpdlAskLiteral) {.text = text, .at = at};
	if (asprintf(&more[to->count].s, "%s%s", sign, p->t->text) < 0)
		return ppdl_error(p->t->err, PPDL_ERR_NOMEM, "out of memory");
	to->count++;
	return ppdl_ask_next(p->t);
}

static int
is_literal(const PpdlAskText *t)
{
	return t->token == PPDL_ASK_NUMBER || t->token == PPDL_ASK_STRING || ppdl_ask_is(t, "-");
}

/* a number, or a text in quotes; DATE may stand before it, as in SQL */
static PpdlStatus
parse_literal(Parser *p, PpdlAskPredicate *to)
{
	PpdlAskText *t = p->t;
	const size_t at = t->at;
	int			minus;

	if (ppdl_ask_is(t, "null"))
		return ppdl_ask_error(t, at, "nothing equals NULL: write IS NULL or IS NOT NULL");
	if (ppdl_ask_is(t, "date"))
		PPDL_TRY(ppdl_ask_next(t));
	minus = ppdl_ask_is(t, "-");
	if (minus)
		PPDL_TRY(ppdl_ask_next(t));
	if (t->token != PPDL_ASK_NUMBER && (t->token != PPDL_ASK_STRING || minus))
		return ppdl_ask_error(t, t->at, "a number is expected, or a text in single quotes");
	return add_literal(p, to, t->token == PPDL_ASK_STRING, minus ? "-" : "", at);
}

/* ------------------------------------------------------------------ comparisons */

static PpdlStatus
parse_operator(Parser *p, PpdlAskPredicate *to, int turned)
{
	static const struct
	{
		const char *text;
		PpdlAskCompare compare,
					turned;
		int			negated;
	}			ops[] = {
		{"=", PPDL_ASK_IN, PPDL_ASK_IN, 0},
		{"<>", PPDL_ASK_IN, PPDL_ASK_IN, 1},
		{"<", PPDL_ASK_LESS, PPDL_ASK_GREATER, 0},
		{"<=", PPDL_ASK_LESS_EQUAL, PPDL_ASK_GREATER_EQUAL, 0},
		{">", PPDL_ASK_GREATER, PPDL_ASK_LESS, 0},
		{">=", PPDL_ASK_GREATER_EQUAL, PPDL_ASK_LESS_EQUAL, 0},
	};

	for (size_t i = 0; i < sizeof ops / sizeof *ops && p->t->token == PPDL_ASK_OPERATOR; i++)
		if (ppdl_ask_is(p->t, ops[i].text))
		{
			to->compare = turned ? ops[i].turned : ops[i].compare;
			to->negated ^= ops[i].negated;
			return ppdl_ask_next(p->t);
		}
	return ppdl_ask_error(p->t, p->t->at, turned ? "one of = <> < <= > >= is expected" :
							"one of = <> < <= > >=, BETWEEN, IN and IS NULL is expected");
}

static PpdlStatus
parse_is_null(Parser *p, PpdlAskPredicate *to)
{
	PPDL_TRY(ppdl_ask_next(p->t));
	to->compare = PPDL_ASK_NULL;
	if (ppdl_ask_is(p->t, "not"))
	{
		to->negated ^= 1;
		PPDL_TRY(ppdl_ask_next(p->t));
	}
	return ppdl_ask_take(p->t, "null");
}

static PpdlStatus
parse_between(Parser *p, PpdlAskPredicate *to)
{
	to->compare = PPDL_ASK_BETWEEN;
	PPDL_TRY(ppdl_ask_next(p->t));
	PPDL_TRY(parse_literal(p, to));
	PPDL_TRY(ppdl_ask_take(p->t, "and"));
	return parse_literal(p, to);
}

static PpdlStatus
parse_in(Parser *p, PpdlAskPredicate *to)
{
	to->compare = PPDL_ASK_IN;
	PPDL_TRY(ppdl_ask_next(p->t));
	PPDL_TRY(ppdl_ask_take(p->t, "("));
	PPDL_TRY(parse_literal(p, to));
	while (ppdl_ask_is(p->t, ","))
	{
		PPDL_TRY(ppdl_ask_next(p->t));
		PPDL_TRY(parse_literal(p, to));
	}
	return ppdl_ask_take(p->t, ")");
}

static PpdlStatus
parse_behind_column(Parser *p, PpdlAskPredicate *to)
{
	const int	negated = ppdl_ask_is(p->t, "not");

	if (ppdl_ask_is(p->t, "is"))
		return parse_is_null(p, to);
	if (negated)
	{
		to->negated ^= 1;
		PPDL_TRY(ppdl_ask_next(p->t));
	}
	if (ppdl_ask_is(p->t, "between"))
		return parse_between(p, to);
	if (ppdl_ask_is(p->t, "in"))
		return parse_in(p, to);
	if (negated)
		return ppdl_ask_error(p->t, p->t->at, "BETWEEN or IN is expected");
	PPDL_TRY(parse_operator(p, to, 0));
	return parse_literal(p, to);
}

static PpdlStatus
parse_predicate(Parser *p, PpdlAskPredicate *to)
{
	to->at = p->t->at;
	if (!is_literal(p->t))
	{
		PPDL_TRY(ppdl_ask_column(p->t, p->fs, &to->f));
		return parse_behind_column(p, to);
	}
	PPDL_TRY(parse_literal(p, to));
	PPDL_TRY(parse_operator(p, to, 1));
	to->at = p->t->at;
	return ppdl_ask_column(p->t, p->fs, &to->f);
}

static PpdlStatus
parse_comparison(Parser *p, int negated, int *node)
{
	PpdlAskPredicate predicate = {.fs = p->fs, .negated = negated};
	PpdlStatus	status = parse_predicate(p, &predicate);

	if (status == PPDL_OK)
		status = ppdl_ask_predicate(&p->m, &predicate, node);
	for (int i = 0; i < predicate.count; i++)
		free(predicate.literal[i].s);
	free(predicate.literal);
	return status;
}

/* ------------------------------------------------------------------ and, or, not */

static PpdlStatus parse_condition(Parser *p, int negated, int *node);

/* NOTs go down to comparisons, of which rows with missing values meet none */
static PpdlStatus
parse_factor(Parser *p, int negated, int *node)
{
	const int	not = ppdl_ask_is(p->t, "not");

	if (!not && !ppdl_ask_is(p->t, "("))
		return parse_comparison(p, negated, node);
	if (p->depth == DEEPEST)
		return ppdl_ask_error(p->t, p->t->at, "more than %d parentheses and NOTs within each other", DEEPEST);
	p->depth++;
	PPDL_TRY(ppdl_ask_next(p->t));
	if (not)
		PPDL_TRY(parse_factor(p, !negated, node));
	else
	{
		PPDL_TRY(parse_condition(p, negated, node));
		PPDL_TRY(ppdl_ask_take(p->t, ")"));
	}
	p->depth--;
	return PPDL_OK;
}

static PpdlStatus
parse_conjunction(Parser *p, int negated, int *node)
{
	int			next;

	PPDL_TRY(parse_factor(p, negated, node));
	while (ppdl_ask_is(p->t, "and"))
	{
		PPDL_TRY(ppdl_ask_next(p->t));
		PPDL_TRY(parse_factor(p, negated, &next));
		*node = negated ? ppdl_ask_or(&p->m.tree, *node, next) : ppdl_ask_and(&p->m.tree, *node, next);
	}
	return PPDL_OK;
}

static PpdlStatus
parse_condition(Parser *p, int negated, int *node)
{
	int			next;

	PPDL_TRY(parse_conjunction(p, negated, node));
	while (ppdl_ask_is(p->t, "or"))
	{
		PPDL_TRY(ppdl_ask_next(p->t));
		PPDL_TRY(parse_conjunction(p, negated, &next));
		*node = negated ? ppdl_ask_and(&p->m.tree, *node, next) : ppdl_ask_or(&p->m.tree, *node, next);
	}
	return PPDL_OK;
}

/* w holds this condition alone */
static PpdlStatus
write(Parser *p, int root, size_t at, PpdlAskForm form, PpdlWriter *w, PpdlWriter *notes)
{
	if (p->m.tree.bad || w->bad)
		return ppdl_error(p->t->err, PPDL_ERR_NOMEM, "out of memory");
	if (root <= PPDL_ASK_TRUE)
		return ppdl_ask_error(p->t, at, "%s meet this condition%s%s", root ? "all rows" : "no rows",
							  p->m.why[0] ? ": " : "", p->m.why);
	p->m.tree.label_first = form == PPDL_ASK_ON_LABEL;
	return ppdl_ask_blur(&p->m, root, at, w, notes);
}

PpdlStatus
ppdl_ask_parse(PpdlAskText *t, const PpdlFeatures *fs, const PpdlFeature *summed, PpdlAskForm *form, PpdlWriter *w,
			   PpdlWriter *notes)
{
	Parser		p = {.t = t, .fs = fs, .m = {.fs = fs, .text = t}};
	const size_t at = t->at;
	PpdlStatus	status;
	int			root;

	ppdl_ask_tree_init(&p.m.tree, fs->inputs, fs->outputs);
	status = parse_condition(&p, 0, &root);
	if (status == PPDL_OK)
	{
		*form = summed && summed == fs->label ? PPDL_ASK_OF_LABEL :
			ppdl_ask_has_label(&p.m.tree, root) ? PPDL_ASK_ON_LABEL : PPDL_ASK_FEATURES;
		status = write(&p, root, at, *form, w, notes);
	}
	ppdl_ask_tree_free(&p.m.tree);
	free(p.m.compared);
	return status;
}
