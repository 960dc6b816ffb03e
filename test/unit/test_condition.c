/* Conditions as text: against a walk of random trees in the clear, their levels, and what is wrong with a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "predict/condition.h"

static PpdlError err;

static PpdlCondition *
parse(const char *text)
{
	PpdlCondition *c;

	if (ppdl_condition_parse(&c, text, strlen(text), &err) != PPDL_OK)
	{
		print_message("%s: %s (%s)\n", text, err.message, err.detail);
		assert_true(0);
	}
	return c;
}

static void
forms(void **state)
{
	static const double row[] = {1, 0, 0.5, -0.25};
	static const struct
	{
		const char *text;
		int			leaves,
					levels;
		double		value;
	}			cases[] = {
		{"x[1] = 1", 1, 0, 1},
		{" X[1]=0 ", 1, 0, 0},
		{"x[1] <> 1", 1, 0, 0},
		{"x[2] != 1", 1, 0, 1},
		{"not x[1] = 1 or x[2] = 0", 2, 1, 1},
		{"x[1] = 1 AND NOT x[2] = 1", 2, 1, 1},
		{"x[3] > 0.25", 1, 0, 1},
		{"x[3] <= 0.25", 1, 0, 0},
		{"x[3] >= 2.5e-1 and x[4] < -.2", 2, 1, 1},
		{"x[1] = 1 and x[2] = 1 or x[3] > 0", 3, 2, 1},
		{"x[1] = 1 and (x[2] = 1 or x[3] > 0)", 3, 2, 1},
		{"x[1] = -1", 1, 0, 0},
		{"x[1] <> -1 and not x[4] = -1", 2, 1, 0.375},
		{"not x[2] = -1 and x[2] = 0", 2, 1, 0.5},
		/* the same leaf, the same conjunction, once */
		{"x[1] = 1 and x[1] = 1", 1, 0, 1},
		{"not (not (x[1]=1))", 1, 0, 1},
		{"(x[1]=1 and x[2]=0) or (x[2]=0 and x[1]=1) or x[3]>0", 3, 2, 1},
		/* balanced: any order of parentheses */
		{"(((x[1]=1 and x[2]=0) and x[3]>0) and x[4]<0)", 4, 2, 1},
		{"x[1]=0 or (x[2]=1 or (x[3]<0 or x[4]>0))", 4, 2, 0},
		{"x[1]=1and(x[2]=0)", 2, 1, 1},
		/* what is true anyway falls out */
		{"x[1] = 1 and (x[2] = 1 or x[2] = 0)", 1, 0, 1},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PpdlCondition *c = parse(cases[i].text);

		if (c->levels != cases[i].levels || ppdl_condition_apply(c, row) != cases[i].value)
			print_message("%s: %d levels, %g\n", cases[i].text, c->levels, ppdl_condition_apply(c, row));
		assert_int_equal(c->leaves, cases[i].leaves);
		assert_int_equal(c->levels, cases[i].levels);
		assert_true(ppdl_condition_apply(c, row) == cases[i].value);
		ppdl_condition_destroy(c);
	}
}

static void
products(void **state)
{
	PpdlCondition *c = parse("(x[1]=1 and x[2]=1 or x[3]=1) and (x[1]=1 and x[2]=1 or x[4]=1)");

	(void) state;
	/* x1*x2 once; two ORs; their product */
	assert_int_equal(c->products, 4);
	assert_int_equal(c->leaves, 4);
	assert_int_equal(c->width, 4);
	ppdl_condition_destroy(c);
	/* a comparison of 8 levels goes into the last product */
	c = parse("x[1]=1 and x[2]=1 and x[3]=1 and x[4]=1 and x[5] > 0.5");
	assert_int_equal(c->levels, 3);
	assert_int_equal(c->numbers, 1);
	assert_int_equal(ppdl_condition_schedule(c, 8, &err), PPDL_OK);
	assert_int_equal(c->levels, 9);
	assert_int_equal(c->products, 4);
	ppdl_condition_destroy(c);
}

/* comparisons of one value are one leaf, however deep */
static void
intervals(void **state)
{
	static const struct
	{
		const char *text;
		int			numbers,
					levels,		/* where a comparison takes 8 */
					thresholds;	/* of the leaf */
	}			cases[] = {
		{"x[1] > 0.25 and x[1] < 0.5", 1, 8, 2},
		{"x[1] < 0.25 or x[1] > 0.5", 1, 8, 2},
		{"x[1] > 0.25 and x[1] > 0.5", 1, 8, 1},
		{"x[1] > 0.25 or not (x[1] > 0.5)", 0, 0, 0},
		{"(x[1] > 0 and x[1] < 0.25 or x[1] > 0.5) and not x[1] > 0.75", 1, 8, 4},
		{"x[1] > 0 and x[2] = 1 and (x[1] < 0.5 and x[3] = 1)", 1, 9, 2},
		{"x[1] > 0 and x[2] > 0 and x[1] < 0.5", 2, 9, 2},
		{"x[1] > 0.25 and x[1] < 0.75 or x[1] > 0.5 and x[1] < 0.8", 1, 8, 2},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PpdlCondition *c;
		PpdlStatus	status = ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err);
		int			most = 0;

		if (cases[i].numbers == 0)
		{
			assert_int_equal(status, PPDL_ERR_ARGUMENT);
			continue;
		}
		assert_int_equal(status, PPDL_OK);
		assert_int_equal(ppdl_condition_schedule(c, 8, &err), PPDL_OK);
		assert_int_equal(c->numbers, cases[i].numbers);
		assert_int_equal(c->levels, cases[i].levels);
		for (int p = -1; p < c->products; p++)
			for (int side = 0; side < (p < 0 ? 1 : 2); side++)
			{
				const int	operand = p < 0 ? c->root.operand : c->product[p][side].operand;

				if (operand < c->leaves && c->leaf[operand].count > most)
					most = c->leaf[operand].count;
			}
		assert_int_equal(most, cases[i].thresholds);
		ppdl_condition_destroy(c);
	}
}

/* distances go with the leaf that comparisons of a value come to: the smallest */
static void
distances(void **state)
{
	static const struct
	{
		const char *text;
		double		within[2];	/* of leaves, -1: there is none */
	}			cases[] = {
		{"x[1] > 0.5", {0, -1}},
		{"x[1] > 0.5 WITHIN 0.25", {0.25, -1}},
		{"not x[1] <= 0.5 within 1e-3 or x[2] = 1", {1e-3, 0}},
		{"x[1] > 0.5 within 0.25 and x[1] < 0.75", {0.25, -1}},
		{"x[1] > 0.5 and x[1] < 0.75 within 0.125", {0.125, -1}},
		{"x[1] > 0.5 within 0.25 and x[1] < 0.75 within 0.125", {0.125, -1}},
		{"(x[1] > 0.5 or x[2] = 1) and (x[1] > 0.5 within 0.25 or x[2] = 0)", {0.25, 0}},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PpdlCondition *c;

		assert_int_equal(ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err), PPDL_OK);
		assert_int_equal(c->leaves, cases[i].within[1] < 0 ? 1 : 2);
		for (int leaf = 0; leaf < c->leaves; leaf++)
			assert_true(c->leaf[leaf].within == cases[i].within[leaf]);
		ppdl_condition_destroy(c);
	}
}

static void
errors(void **state)
{
	static const struct
	{
		const char *text;
		PpdlStatus	code;
		const char *where;		/* part of the message */
	}			cases[] = {
		{"", PPDL_ERR_FORMAT, "character 1"},
		{"x", PPDL_ERR_FORMAT, "character 2"},
		{"x[1] = 1 nad x[2] = 1", PPDL_ERR_FORMAT, "character 10"},
		{"x[1] = 1 and", PPDL_ERR_FORMAT, "character 13"},
		{"x[0] = 1", PPDL_ERR_FORMAT, "character 3"},
		{"x[1.5] = 1", PPDL_ERR_FORMAT, "character 3"},
		{"x[99999] = 1", PPDL_ERR_FORMAT, "character 3"},
		{"x[1] = 2", PPDL_ERR_FORMAT, "character 8"},
		{"x[1] > 40", PPDL_ERR_FORMAT, "-1 and 1"},
		{"x[1] >= 1", PPDL_ERR_FORMAT, "-1 and 1"},
		{"x[1] > 0.5 within 0", PPDL_ERR_FORMAT, "character 19"},
		{"x[1] > 0.5 within", PPDL_ERR_FORMAT, "character 18"},
		{"x[1] > 0.5 within -0.1", PPDL_ERR_FORMAT, "character 19"},
		{"x[1] = 1 within 0.1", PPDL_ERR_FORMAT, "character 10"},
		{"x[1] > 0.5 and x[1] < 0.25", PPDL_ERR_ARGUMENT, "no row"},
		{"x[1] > 0.5 or x[2] = 1 or x[1] < 0.75", PPDL_ERR_ARGUMENT, "every row"},
		{"x[1] > 1e999", PPDL_ERR_FORMAT, "character 8"},
		{"x[1] = 1)", PPDL_ERR_FORMAT, "character 9"},
		{"(x[1] = 1", PPDL_ERR_FORMAT, "character 10"},
		{"\303\244[1] = 1", PPDL_ERR_FORMAT, "character 1"},
		{"x[1] = 1 \303\244\303\244 ; x[2]", PPDL_ERR_FORMAT, "character 10"},
		{"x[1] = 1 and x[1] = 0", PPDL_ERR_ARGUMENT, "no row"},
		{"x[1] = 1 or not x[1] = 1", PPDL_ERR_ARGUMENT, "every row"},
		{"x[1] = x[2]", PPDL_ERR_FORMAT, "character 8"},
		{"Age > 65", PPDL_ERR_FORMAT, "character 1"},
		{"x[1] > 0.000000000000000000000000000000000000000000000000000000000001", PPDL_ERR_FORMAT, "60"},
	};
	char		deep[2048];
	PpdlCondition *c;

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PpdlStatus	status = ppdl_condition_parse(&c, cases[i].text, strlen(cases[i].text), &err);

		if (status != cases[i].code || strstr(err.message, cases[i].where) == NULL)
			print_message("%s: %s\n", cases[i].text, err.message);
		assert_int_equal(status, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].where));
		assert_null(c);
	}
	assert_int_equal(ppdl_condition_parse(&c, "x[1] = 1\0 and", 13, &err), PPDL_ERR_FORMAT);
	assert_int_equal(ppdl_condition_parse(&c, deep, PPDL_CONDITION_MAX_LENGTH + 1, &err), PPDL_ERR_FORMAT);
	memset(deep, '(', 1000);
	memcpy(deep + 1000, "x[1]=1", 7);
	assert_int_equal(ppdl_condition_parse(&c, deep, 1006, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "100"));
	for (int i = 0; i < 300; i++)
		memcpy(deep + 4 * i, "not ", 4);
	assert_int_equal(ppdl_condition_parse(&c, deep, 1200, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "100"));
}

/* ---- random trees ---- */

static uint64_t rng;

static unsigned
roll(unsigned n)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned) (rng >> 33) % n;
}

#define WIDTH 6
/* values of the last column are numbers, steps of 1/4 from -1/8: two bits of the row */
#define NUMBER 4

/* appends a random condition; its value at each of the 2^WIDTH rows of bits, a bit of *value each */
static void
grow(char *text, uint64_t *value, int depth)
{
	uint64_t	one;
	int			parts,
				op;

	if (depth == 0 || roll(4) == 0)
	{
		const unsigned bit = roll(WIDTH),
					zero = roll(2),
					number = roll(3) == 0,
					quarter = roll(3);

		*value = 0;
		if (roll(4) == 0)
		{
			for (unsigned row = 0; row < 1u << WIDTH; row++)
				*value |= (uint64_t) (((row >> NUMBER & 3) > quarter) ^ zero) << row;
			sprintf(text + strlen(text), "x[%d] %s 0.%s", WIDTH + 1, zero ? "<" : ">", &"00\00025\00050"[3 * quarter]);
			return;
		}
		for (unsigned row = 0; row < 1u << WIDTH; row++)
			*value |= (uint64_t) ((row >> bit & 1) ^ zero) << row;
		if (number)
			sprintf(text + strlen(text), "x[%u] %s 0.5", bit + 1, zero ? "<" : ">");
		else
			sprintf(text + strlen(text), "x[%u]=%u", bit + 1, !zero);
		return;
	}
	op = (int) roll(5);
	if (op == 0)
	{
		strcat(text, "NOT (");
		grow(text, value, depth - 1);
		*value = ~*value;
		strcat(text, ")");
		return;
	}
	parts = 2 + (int) roll(3);
	*value = op % 2 ? ~UINT64_C(0) : 0;
	for (int i = 0; i < parts; i++)
	{
		strcat(text, i == 0 ? "(" : op % 2 ? ") and (" : ") or (");
		grow(text, &one, depth - 1);
		if (op % 2)
			*value &= one;
		else
			*value |= one;
	}
	strcat(text, ")");
}

static void
random_trees(void **state)
{
	const uint64_t seed = getenv("PPDL_SEED") ? strtoull(getenv("PPDL_SEED"), NULL, 0) : (uint64_t) time(NULL);
	char	   *text = malloc(100000);
	int			parsed = 0;

	(void) state;
	print_message("PPDL_SEED=%llu\n", (unsigned long long) seed);
	rng = seed;
	for (int i = 0; i < 400; i++)
	{
		uint64_t	want;
		PpdlCondition *c;
		PpdlStatus	status;

		*text = '\0';
		grow(text, &want, 3);
		if (strlen(text) > PPDL_CONDITION_MAX_LENGTH)
			continue;
		status = ppdl_condition_parse(&c, text, strlen(text), &err);
		if (status == PPDL_ERR_ARGUMENT)	/* bits and comparisons differ: what is constant is so in both */
		{
			assert_true(want == 0 || want == ~UINT64_C(0));
			continue;
		}
		assert_int_equal(status, PPDL_OK);
		parsed++;
		for (int levels = 0; levels < 9; levels += 8)
		{
			assert_int_equal(ppdl_condition_schedule(c, levels, &err), PPDL_OK);
			for (unsigned row = 0; row < 1u << WIDTH; row++)
			{
				double		x[WIDTH + 1];

				x[WIDTH] = (row >> NUMBER & 3) * 0.25 - 0.125;
				for (int b = 0; b < WIDTH; b++)
					x[b] = row >> b & 1;
				if (ppdl_condition_apply(c, x) != (double) (want >> row & 1))
					print_message("%s\n", text);
				assert_true(ppdl_condition_apply(c, x) == (double) (want >> row & 1));
			}
			for (int p = 0; p < c->products; p++)
				for (int side = 0; side < 2; side++)
					assert_true(c->product[p][side].operand < c->leaves + p);
			assert_true(c->root.operand == c->leaves + c->products - 1 || c->products == 0);
			assert_true(c->levels >= (c->numbers > 0 && c->leaves == c->numbers ? levels : 0));
		}
		ppdl_condition_destroy(c);
	}
	assert_true(parsed > 200);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(products),
		cmocka_unit_test(intervals),
		cmocka_unit_test(distances),
		cmocka_unit_test(errors),
		cmocka_unit_test(random_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
