#include "predict/condition_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the text ---- */

typedef enum Token
{
	TOKEN_END,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_WITHIN,
	TOKEN_VALUE,				/* x */
	TOKEN_NUMBER,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OPEN_INDEX,
	TOKEN_CLOSE_INDEX,
	TOKEN_EQUAL,
	TOKEN_UNEQUAL,
	TOKEN_BELOW,				/* < and <= */
	TOKEN_ABOVE,
	TOKEN_BAD
} Token;

typedef struct Parser
{
	PpdlCondition *c;
	const char *text;
	size_t		len,
				at,				/* where the token begins */
				end;			/* and ends */
	Token		token;
	double		number;
	int			depth;
	PpdlError  *err;
} Parser;

/* does a UTF-8 character begin with this byte? */
static int
begins(char c)
{
	return ((unsigned char) c & 0xC0) != 0x80;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char) c >= 0x80;
}

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* bytes [from, to) of the text as they can be shown, whatever they are */
static void
show(char *out, size_t room, const Parser *p, size_t from, size_t to)
{
	size_t		n = 0;

	for (size_t i = from; i < to && n + 1 < room; i++)
	{
		const unsigned char c = (unsigned char) p->text[i];

		if (begins(p->text[i]))
			out[n++] = c < ' ' || c == 127 ? ' ' : c < 127 ? (char) c : '?';
	}
	out[n] = '\0';
}

#define SHOWN 60				/* bytes before the mark, and after it */

/* "<what>, at character 12 of the condition", and the text around it in the detail */
__attribute__((format(printf, 3, 4)))
static PpdlStatus
syntax_error(const Parser *p, size_t at, const char *fmt,...)
{
	char		what[160],
				before[SHOWN + 8],
				after[SHOWN + 8];
	size_t		from = at > SHOWN ? at - SHOWN : 0,
				to = p->len - at > SHOWN ? at + SHOWN : p->len;
	unsigned	character = 1;
	va_list		args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	for (size_t i = 0; i < at; i++)
		character += (unsigned) begins(p->text[i]);
	show(before, sizeof(before), p, from, at);
	show(after, sizeof(after), p, at, to);
	ppdl_error(p->err, PPDL_ERR_FORMAT, "condition: %s, at character %u", what, character);
	return ppdl_error_detail(p->err, PPDL_ERR_FORMAT, "%s%s --> %s%s", from > 0 ? "..." : "", before,
							 at == p->len ? "(end)" : after, to < p->len ? "..." : "");
}

static Token
word(const char *s, size_t n)
{
	static const struct
	{
		const char *name;
		Token		token;
	}			words[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR}, {"not", TOKEN_NOT}, {"within", TOKEN_WITHIN},
		{"x", TOKEN_VALUE}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].name) == n && strncasecmp(words[i].name, s, n) == 0)
			return words[i].token;
	return TOKEN_BAD;
}

/* sign, digits with a point, exponent: the longest that is a number, as if by a grammar */
static size_t
number_length(const char *s, size_t n)
{
	size_t		i = n > 0 && (s[0] == '-' || s[0] == '+'),
				digits = 0,
				e;

	for (; i < n && is_digit(s[i]); i++)
		digits++;
	if (i < n && s[i] == '.')
		for (i++; i < n && is_digit(s[i]); i++)
			digits++;
	if (digits == 0)
		return 0;
	if (i == n || (s[i] != 'e' && s[i] != 'E'))
		return i;
	e = i + 1;
	if (e < n && (s[e] == '-' || s[e] == '+'))
		e++;
	if (e == n || !is_digit(s[e]))
		return i;
	while (e < n && is_digit(s[e]))
		e++;
	return e;
}

#define MAX_DIGITS 60

static PpdlStatus
take_number(Parser *p, size_t n)
{
	char		copy[MAX_DIGITS + 1],
			   *end;

	if (n > MAX_DIGITS)
		return syntax_error(p, p->at, "a number of more than %d characters", MAX_DIGITS);
	memcpy(copy, p->text + p->at, n);
	copy[n] = '\0';
	p->number = strtod(copy, &end);
	if (*end != '\0' || !isfinite(p->number))
		return syntax_error(p, p->at, "%s is no number that can be compared with", copy);
	p->token = TOKEN_NUMBER;
	p->end = p->at + n;
	return PPDL_OK;
}

static void
take_operator(Parser *p)
{
	static const struct
	{
		const char	text[3];
		Token		token;
	}			operators[] = {
		{"<>", TOKEN_UNEQUAL}, {"!=", TOKEN_UNEQUAL}, {"<=", TOKEN_BELOW}, {">=", TOKEN_ABOVE},
		{"<", TOKEN_BELOW}, {">", TOKEN_ABOVE}, {"=", TOKEN_EQUAL},
		{"(", TOKEN_OPEN}, {")", TOKEN_CLOSE}, {"[", TOKEN_OPEN_INDEX}, {"]", TOKEN_CLOSE_INDEX},
	};

	p->token = TOKEN_BAD;
	p->end = p->at + 1;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
	{
		const size_t n = strlen(operators[i].text);

		if (p->len - p->at >= n && memcmp(p->text + p->at, operators[i].text, n) == 0)
		{
			p->token = operators[i].token;
			p->end = p->at + n;
			return;
		}
	}
}

static PpdlStatus
next(Parser *p)
{
	size_t		n;

	p->at = p->end;
	while (p->at < p->len && is_space(p->text[p->at]))
		p->at++;
	p->end = p->at;
	if (p->at == p->len)
	{
		p->token = TOKEN_END;
		return PPDL_OK;
	}
	n = number_length(p->text + p->at, p->len - p->at);
	if (n > 0)
		return take_number(p, n);
	if (!is_letter(p->text[p->at]))
	{
		take_operator(p);
		return PPDL_OK;
	}
	while (p->end < p->len && (is_letter(p->text[p->end]) || is_digit(p->text[p->end])))
		p->end++;
	p->token = word(p->text + p->at, p->end - p->at);
	return PPDL_OK;
}

static PpdlStatus
expected(const Parser *p, const char *what)
{
	return syntax_error(p, p->at, "%s expected", what);
}

static PpdlStatus
take(Parser *p, Token token, const char *what)
{
	if (p->token != token)
		return expected(p, what);
	return next(p);
}

static PpdlStatus
parse_index(Parser *p, int *index)
{
	PPDL_TRY(take(p, TOKEN_VALUE, "\"x[\", \"not\" or \"(\""));
	PPDL_TRY(take(p, TOKEN_OPEN_INDEX, "\"[\" and the number of a value"));
	if (p->token != TOKEN_NUMBER || p->number != floor(p->number) || p->number < 1 || p->number > 65536)
		return expected(p, "the number of a value, from 1,");
	*index = (int) p->number - 1;
	PPDL_TRY(next(p));
	return take(p, TOKEN_CLOSE_INDEX, "\"]\"");
}

/* what may come after a comparison of numbers */
static PpdlStatus
parse_within(Parser *p, double *within)
{
	size_t		at;

	*within = 0;
	if (p->token != TOKEN_WITHIN)
		return PPDL_OK;
	PPDL_TRY(next(p));
	at = p->at;
	PPDL_TRY(take(p, TOKEN_NUMBER, "a distance, in the encoding's units,"));
	if (!(p->number > 0))
		return syntax_error(p, at, "a distance is more than 0, not %g", p->number);
	*within = p->number;
	return PPDL_OK;
}

static PpdlStatus
parse_comparison(Parser *p, int *literal)
{
	PpdlConditionLeaf leaf;
	Token		op;
	size_t		at;
	double		threshold;

	memset(&leaf, 0, sizeof(leaf));
	PPDL_TRY(parse_index(p, &leaf.index));
	op = p->token;
	if (op != TOKEN_EQUAL && op != TOKEN_UNEQUAL && op != TOKEN_BELOW && op != TOKEN_ABOVE)
		return expected(p, "one of = <> < <= > >=");
	PPDL_TRY(next(p));
	at = p->at;
	PPDL_TRY(take(p, TOKEN_NUMBER, "a number"));
	if (op == TOKEN_EQUAL || op == TOKEN_UNEQUAL)
	{
		if (p->number != 0 && fabs(p->number) != 1)
			return syntax_error(p, at, "\"=\" and \"<>\" compare bits, with 0 or 1, or signs, with -1, and \"<\" and "
								"\">\" numbers");
		leaf.kind = p->number < 0 ? PPDL_CONDITION_SIGN : PPDL_CONDITION_BIT;
		PPDL_TRY(ppdl_condition_add_leaf(p->c, leaf, literal, p->err));
		*literal ^= (op == TOKEN_EQUAL) == (p->number == 0);
		return PPDL_OK;
	}
	if (!(fabs(p->number) < 1))
		return syntax_error(p, at, "a threshold is between -1 and 1, in the encoding's units, not %g", p->number);
	leaf.kind = PPDL_CONDITION_NUMBER;
	leaf.first = p->c->tree->thresholds;
	leaf.count = 1;
	threshold = p->number + 0.0;	/* no -0 */
	PPDL_TRY(parse_within(p, &leaf.within));
	PPDL_TRY(ppdl_condition_add_threshold(p->c, threshold, p->err));
	PPDL_TRY(ppdl_condition_add_leaf(p->c, leaf, literal, p->err));
	*literal ^= op == TOKEN_BELOW;
	return PPDL_OK;
}

static PpdlStatus parse_condition(Parser *p, int *literal);

static PpdlStatus
parse_factor(Parser *p, int *literal)
{
	const Token token = p->token;

	if (token != TOKEN_NOT && token != TOKEN_OPEN)
		return parse_comparison(p, literal);
	if (p->depth == PPDL_CONDITION_MAX_DEPTH)
		return syntax_error(p, p->at, "more than %d parentheses and NOTs within each other", PPDL_CONDITION_MAX_DEPTH);
	p->depth++;
	PPDL_TRY(next(p));
	if (token == TOKEN_NOT)
	{
		PPDL_TRY(parse_factor(p, literal));
		*literal ^= 1;
	}
	else
	{
		PPDL_TRY(parse_condition(p, literal));
		PPDL_TRY(take(p, TOKEN_CLOSE, "\"and\", \"or\" or \")\""));
	}
	p->depth--;
	return PPDL_OK;
}

/* factors with AND between them; `negated`: conjunctions with OR, by De Morgan */
static PpdlStatus
parse_chain(Parser *p, int negated, int *literal)
{
	int		   *part = NULL,
				parts = 0,
				room = 0;
	PpdlStatus	status;

	for (;;)
	{
		int			one;

		PPDL_GOTO(done, negated ? parse_chain(p, 0, &one) : parse_factor(p, &one));
		PPDL_GOTO(done, ppdl_condition_grow((void **) &part, parts, &room, sizeof(int), p->err));
		part[parts++] = one ^ negated;
		if (p->token != (negated ? TOKEN_OR : TOKEN_AND))
			break;
		PPDL_GOTO(done, next(p));
	}
	{
		const int	first = p->c->tree->literals;

		for (int i = 0; i < parts; i++)
			PPDL_GOTO(done, ppdl_condition_add_literal(p->c->tree, part[i], p->err));
		PPDL_GOTO(done, ppdl_condition_conjunction(p->c, first, literal, p->err));
	}
	*literal ^= negated;
done:
	free(part);
	return status;
}

static PpdlStatus
parse_condition(Parser *p, int *literal)
{
	return parse_chain(p, 1, literal);
}

static PpdlStatus
parse_text(Parser *p)
{
	Tree	   *t = p->c->tree;
	int			always;

	PPDL_TRY(ppdl_condition_add_node(t, (Node) {.leaf = 0}, &always, p->err));
	PPDL_TRY(next(p));
	PPDL_TRY(parse_condition(p, &t->root));
	if (p->token != TOKEN_END)
		return expected(p, "\"and\", \"or\" or the end");
	if (t->root == TRUE || t->root == FALSE)
	{
		ppdl_error(p->err, PPDL_ERR_ARGUMENT, "the condition holds for %s", t->root == TRUE ? "every row" : "no row");
		return ppdl_error_hint(p->err, PPDL_ERR_ARGUMENT, "%s", t->root == TRUE ?
							   "sum() and count(*) tell the same." : "Did you mean OR rather than AND?");
	}
	return PPDL_OK;
}

/* ---- life ---- */

PpdlStatus
ppdl_condition_parse(PpdlCondition **out, const char *text, size_t len, PpdlError *err)
{
	PpdlCondition *c;
	Parser		p = {.text = text, .len = len, .err = err};
	PpdlStatus	status;

	*out = NULL;
	if (len > PPDL_CONDITION_MAX_LENGTH)
		return ppdl_error(err, PPDL_ERR_FORMAT, "condition of %zu bytes, %d are the most", len,
						  PPDL_CONDITION_MAX_LENGTH);
	p.c = c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ppdl_condition_no_memory(err);
	c->tree = calloc(1, sizeof(Tree));
	if (c->tree == NULL)
		PPDL_GOTO(fail, ppdl_condition_no_memory(err));
	PPDL_GOTO(fail, parse_text(&p));
	PPDL_GOTO(fail, ppdl_condition_prune(c, err));
	PPDL_GOTO(fail, ppdl_condition_schedule(c, 0, err));
	*out = c;
	return PPDL_OK;
fail:
	ppdl_condition_destroy(c);
	return status;
}

void
ppdl_condition_destroy(PpdlCondition *c)
{
	if (c == NULL)
		return;
	if (c->tree != NULL)
	{
		free(c->tree->node);
		free(c->tree->literal);
	}
	free(c->tree);
	free(c->leaf);
	free(c->threshold);
	free(c->product);
	free(c);
}

static double
factor(PpdlConditionFactor f, const double *value)
{
	return f.negated ? 1 - value[f.operand] : value[f.operand];
}

double
ppdl_condition_apply(const PpdlCondition *c, const double *row)
{
	double	   *value = malloc((size_t) (c->leaves + c->products) * sizeof(double)),
				result;

	if (value == NULL)
		return NAN;
	for (int i = 0; i < c->leaves; i++)
	{
		const PpdlConditionLeaf *leaf = &c->leaf[i];

		value[i] = leaf->kind == PPDL_CONDITION_BIT ? row[leaf->index] :
			leaf->kind == PPDL_CONDITION_SIGN ? (1 - row[leaf->index]) / 2 : 0;
		for (int j = 0; j < leaf->count; j++)
			if (row[leaf->index] > c->threshold[leaf->first + j])
				value[i] = 1 - value[i];
	}
	for (int i = 0; i < c->products; i++)
		value[c->leaves + i] = factor(c->product[i][0], value) * factor(c->product[i][1], value);
	result = factor(c->root, value);
	free(value);
	return result;
}
