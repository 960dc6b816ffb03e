#include "predict/condition.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the tree: conjunctions of literals, each of them there once ---- */

/*
 * A literal is twice the number of a node, plus 1 if it is negated.  Node 0 is what is always true; nodes are otherwise
 * leaves, or conjunctions of two literals or more, ascending, none of them a conjunction that is not negated.
 */
#define TRUE 0
#define FALSE 1

typedef struct Node
{
	int			leaf;			/* number of the leaf, -1: a conjunction */
	int			first,			/* its literals */
				count;
} Node;

typedef struct PpdlConditionTree
{
	Node	   *node;
	int			nodes,
				node_room;
	int		   *literal;
	int			literals,
				literal_room;
	int			root;			/* a literal */
	int			leaf_room;
} Tree;

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* room for one more of `count` elements */
static PpdlStatus
grow(void **array, int count, int *room, size_t size, PpdlError *err)
{
	const int	more = *room == 0 ? 16 : 2 * *room;
	void	   *bigger;

	if (count < *room)
		return PPDL_OK;
	bigger = realloc(*array, (size_t) more * size);
	if (bigger == NULL)
		return no_memory(err);
	*array = bigger;
	*room = more;
	return PPDL_OK;
}

static PpdlStatus
add_node(Tree *t, Node node, int *literal, PpdlError *err)
{
	PPDL_TRY(grow((void **) &t->node, t->nodes, &t->node_room, sizeof(Node), err));
	*literal = 2 * t->nodes;
	t->node[t->nodes++] = node;
	return PPDL_OK;
}

static PpdlStatus
add_literal(Tree *t, int literal, PpdlError *err)
{
	PPDL_TRY(grow((void **) &t->literal, t->literals, &t->literal_room, sizeof(int), err));
	t->literal[t->literals++] = literal;
	return PPDL_OK;
}

static PpdlStatus
add_leaf(PpdlCondition *c, PpdlConditionLeaf leaf, int *literal, PpdlError *err)
{
	Tree	   *t = c->tree;

	for (int i = 1; i < t->nodes; i++)
		if (t->node[i].leaf >= 0 && memcmp(&c->leaf[t->node[i].leaf], &leaf, sizeof(leaf)) == 0)
		{
			*literal = 2 * i;
			return PPDL_OK;
		}
	PPDL_TRY(grow((void **) &c->leaf, c->leaves, &t->leaf_room, sizeof(leaf), err));
	PPDL_TRY(add_node(t, (Node) {.leaf = c->leaves}, literal, err));
	c->leaf[c->leaves++] = leaf;
	c->numbers += leaf.kind == PPDL_CONDITION_ABOVE;
	if (leaf.index >= c->width)
		c->width = leaf.index + 1;
	return PPDL_OK;
}

static int
compare_ints(const void *a, const void *b)
{
	const int	x = *(const int *) a,
				y = *(const int *) b;

	return (x > y) - (x < y);
}

/* the literals from `first` on, and conjunctions among them, as leaves and negated conjunctions */
static PpdlStatus
flatten(Tree *t, int first, PpdlError *err)
{
	const int	last = t->literals;

	for (int i = first; i < last; i++)
	{
		const int	literal = t->literal[i];
		const Node	node = t->node[literal / 2];

		if (literal == TRUE || literal % 2 == 1 || node.leaf >= 0)
			continue;
		t->literal[i] = TRUE;
		for (int j = 0; j < node.count; j++)
			PPDL_TRY(add_literal(t, t->literal[node.first + j], err));
	}
	return PPDL_OK;
}

/* sorted, each once, none that is always true; *conflict: one of them is never */
static void
tidy(Tree *t, int first, int *conflict)
{
	int			count = 0,
			   *literal = t->literal + first;

	qsort(literal, (size_t) (t->literals - first), sizeof(int), compare_ints);
	*conflict = 0;
	for (int i = 0; i < t->literals - first; i++)
	{
		if (literal[i] == TRUE || (count > 0 && literal[count - 1] == literal[i]))
			continue;
		*conflict |= literal[i] == FALSE || (count > 0 && literal[count - 1] == (literal[i] ^ 1));
		literal[count++] = literal[i];
	}
	t->literals = first + count;
}

/* the conjunction of the literals from `first` on, which are taken off */
static PpdlStatus
conjunction(Tree *t, int first, int *literal, PpdlError *err)
{
	int			conflict,
				count;

	PPDL_TRY(flatten(t, first, err));
	tidy(t, first, &conflict);
	count = t->literals - first;
	if (conflict || count < 2)
	{
		*literal = conflict ? FALSE : count == 0 ? TRUE : t->literal[first];
		t->literals = first;
		return PPDL_OK;
	}
	for (int i = 1; i < t->nodes; i++)
		if (t->node[i].leaf < 0 && t->node[i].count == count &&
			memcmp(t->literal + t->node[i].first, t->literal + first, (size_t) count * sizeof(int)) == 0)
		{
			*literal = 2 * i;
			t->literals = first;
			return PPDL_OK;
		}
	return add_node(t, (Node) {.leaf = -1, .first = first, .count = count}, literal, err);
}

/* ---- the text ---- */

typedef enum Token
{
	TOKEN_END,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
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
	}			words[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR}, {"not", TOKEN_NOT}, {"x", TOKEN_VALUE}};

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

static PpdlStatus
parse_comparison(Parser *p, int *literal)
{
	PpdlConditionLeaf leaf;
	Token		op;
	size_t		at;

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
		if (p->number != 0 && p->number != 1)
			return syntax_error(p, at, "\"=\" and \"<>\" compare bits, with 0 or 1, and \"<\" and \">\" numbers");
		leaf.kind = PPDL_CONDITION_BIT;
		PPDL_TRY(add_leaf(p->c, leaf, literal, p->err));
		*literal ^= (op == TOKEN_EQUAL) == (p->number == 0);
		return PPDL_OK;
	}
	if (fabs(p->number) > 1)
		return syntax_error(p, at, "values are within -1 and 1, in the encoding's units, not %g", p->number);
	leaf.kind = PPDL_CONDITION_ABOVE;
	leaf.threshold = p->number + 0.0;	/* no -0 */
	PPDL_TRY(add_leaf(p->c, leaf, literal, p->err));
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
		PPDL_GOTO(done, grow((void **) &part, parts, &room, sizeof(int), p->err));
		part[parts++] = one ^ negated;
		if (p->token != (negated ? TOKEN_OR : TOKEN_AND))
			break;
		PPDL_GOTO(done, next(p));
	}
	{
		const int	first = p->c->tree->literals;

		for (int i = 0; i < parts; i++)
			PPDL_GOTO(done, add_literal(p->c->tree, part[i], p->err));
		PPDL_GOTO(done, conjunction(p->c->tree, first, literal, p->err));
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

	PPDL_TRY(add_node(t, (Node) {.leaf = 0}, &always, p->err));
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

/* ---- the order of products ---- */

typedef struct Factor
{
	PpdlConditionFactor f;
	int			levels;
} Factor;

typedef struct Scheduler
{
	PpdlCondition *c;
	int			number_levels,
				room;
	Factor	   *made;			/* of each node; operand -1: not yet */
	int		   *levels;			/* of each product */
	int			level_room;
	PpdlError  *err;
} Scheduler;

static int
operand_levels(const Scheduler *s, int operand)
{
	if (operand >= s->c->leaves)
		return s->levels[operand - s->c->leaves];
	return s->c->leaf[operand].kind == PPDL_CONDITION_ABOVE ? s->number_levels : 0;
}

static PpdlStatus
multiply(Scheduler *s, const Factor *x, const Factor *y, Factor *out)
{
	PpdlCondition *c = s->c;
	const Factor *a = x->f.operand <= y->f.operand ? x : y,
			   *b = a == x ? y : x;

	*out = (Factor) {.levels = 1 + (x->levels > y->levels ? x->levels : y->levels)};
	for (int i = 0; i < c->products; i++)
		if (memcmp(&c->product[i][0], &a->f, sizeof(a->f)) == 0 && memcmp(&c->product[i][1], &b->f, sizeof(b->f)) == 0)
		{
			out->f.operand = c->leaves + i;
			return PPDL_OK;
		}
	PPDL_TRY(grow((void **) &s->levels, c->products, &s->level_room, sizeof(int), s->err));
	PPDL_TRY(grow((void **) &c->product, c->products, &s->room, sizeof(*c->product), s->err));
	s->levels[c->products] = out->levels;
	c->product[c->products][0] = a->f;
	c->product[c->products][1] = b->f;
	out->f.operand = c->leaves + c->products++;
	return PPDL_OK;
}

/* by levels, then as they came, so that equal conjunctions are paired alike */
static void
insert(Factor *list, int count, Factor f)
{
	int			i = count;

	for (; i > 0 && list[i - 1].levels > f.levels; i--)
		list[i] = list[i - 1];
	list[i] = f;
}

static PpdlStatus schedule(Scheduler *s, int literal, Factor *out);

/* always the two of the fewest levels: no order has fewer in the end */
static PpdlStatus
schedule_conjunction(Scheduler *s, const Node *node, Factor *out)
{
	const Tree *t = s->c->tree;
	Factor	   *list = malloc((size_t) node->count * sizeof(Factor));
	PpdlStatus	status = PPDL_OK;

	if (list == NULL)
		return no_memory(s->err);
	for (int i = 0; i < node->count; i++)
	{
		Factor		f;

		PPDL_GOTO(done, schedule(s, t->literal[node->first + i], &f));
		insert(list, i, f);
	}
	for (int count = node->count; count > 1; count--)
	{
		Factor		product;

		PPDL_GOTO(done, multiply(s, &list[0], &list[1], &product));
		memmove(list, list + 2, (size_t) (count - 2) * sizeof(Factor));
		insert(list, count - 2, product);
	}
	*out = list[0];
done:
	free(list);
	return status;
}

static PpdlStatus
schedule(Scheduler *s, int literal, Factor *out)
{
	const Node *node = &s->c->tree->node[literal / 2];
	Factor	   *made = &s->made[literal / 2];

	if (made->f.operand < 0)
	{
		if (node->leaf >= 0)
			*made = (Factor) {.f = {.operand = node->leaf}, .levels = operand_levels(s, node->leaf)};
		else
			PPDL_TRY(schedule_conjunction(s, node, made));
	}
	*out = *made;
	out->f.negated = literal % 2;
	return PPDL_OK;
}

PpdlStatus
ppdl_condition_schedule(PpdlCondition *c, int number_levels, PpdlError *err)
{
	Scheduler	s = {.c = c, .number_levels = number_levels, .err = err};
	PpdlStatus	status;
	Factor		root;

	free(c->product);
	c->product = NULL;
	c->products = 0;
	s.made = malloc((size_t) c->tree->nodes * sizeof(Factor));
	if (s.made == NULL)
		return no_memory(err);
	for (int i = 0; i < c->tree->nodes; i++)
		s.made[i].f.operand = -1;
	status = schedule(&s, c->tree->root, &root);
	if (status == PPDL_OK)
	{
		c->root = root.f;
		c->levels = root.levels;
	}
	free(s.made);
	free(s.levels);
	return status;
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
		return no_memory(err);
	c->tree = calloc(1, sizeof(Tree));
	if (c->tree == NULL)
		PPDL_GOTO(fail, no_memory(err));
	PPDL_GOTO(fail, parse_text(&p));
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

		value[i] = leaf->kind == PPDL_CONDITION_BIT ? row[leaf->index] : row[leaf->index] > leaf->threshold;
	}
	for (int i = 0; i < c->products; i++)
		value[c->leaves + i] = factor(c->product[i][0], value) * factor(c->product[i][1], value);
	result = factor(c->root, value);
	free(value);
	return result;
}
