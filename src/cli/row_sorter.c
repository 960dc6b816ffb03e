#include "cli/row_sorter.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 't'				/* marks before texts */
#define NO_TEXT 'n'
#define BLOCK ((size_t) 1 << 20)

typedef struct Block
{
	struct Block *next;
	size_t		size,
				used;
	double		data[];
} Block;

/* in a block: x, y, label?, key, texts */
typedef struct Entry
{
	const char *key;
	const double *x;
	uint64_t	number;
} Entry;

struct PpdlRowSorter
{
	size_t		inputs,
				outputs;
	int			texts;
	size_t		limit,
				bytes;
	Block	   *block;			/* the latest first */
	Entry	   *entry;
	uint64_t	rows,
				cap;
};

PpdlStatus
ppdl_row_sorter_create(PpdlRowSorter **out, int inputs, int outputs, int texts, size_t limit, PpdlError *err)
{
	PpdlRowSorter *s = calloc(1, sizeof *s);

	if (s == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->inputs = (size_t) inputs;
	s->outputs = (size_t) outputs;
	s->texts = texts;
	s->limit = limit;
	*out = s;
	return PPDL_OK;
}

void
ppdl_row_sorter_destroy(PpdlRowSorter *s)
{
	if (s == NULL)
		return;
	while (s->block != NULL)
	{
		Block	   *b = s->block;

		s->block = b->next;
		OPENSSL_cleanse(b->data, b->used);
		free(b);
	}
	free(s->entry);
	free(s);
}

/* counts what is about to be taken */
static PpdlStatus
charge(PpdlRowSorter *s, size_t bytes, PpdlError *err)
{
	if (bytes > s->limit - s->bytes)
		return ppdl_error(err, PPDL_ERR_RANGE, "rows to sort take more than %zu bytes", s->limit);
	s->bytes += bytes;
	return PPDL_OK;
}

static PpdlStatus
take_space(PpdlRowSorter *s, size_t bytes, char **space, PpdlError *err)
{
	Block	   *b = s->block;

	bytes = (bytes + 7) & ~(size_t) 7;
	if (b == NULL || bytes > b->size - b->used)
	{
		size_t		size = bytes > BLOCK ? bytes : BLOCK;

		PPDL_TRY(charge(s, size, err));
		b = malloc(sizeof *b + size);
		if (b == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		*b = (Block) {s->block, size, 0};
		s->block = b;
	}
	*space = (char *) b->data + b->used;
	b->used += bytes;
	return PPDL_OK;
}

static PpdlStatus
take_entry(PpdlRowSorter *s, PpdlError *err)
{
	uint64_t	cap = s->cap ? 2 * s->cap : 1024;
	Entry	   *p;

	if (s->rows < s->cap)
		return PPDL_OK;
	PPDL_TRY(charge(s, (cap - s->cap) * sizeof *p, err));
	p = realloc(s->entry, cap * sizeof *p);
	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->entry = p;
	s->cap = cap;
	return PPDL_OK;
}

PpdlStatus
ppdl_row_sorter_add(PpdlRowSorter *s, const char *key, const double *x, const double *y, int has_label,
					char *const *text, PpdlError *err)
{
	size_t		values = (s->inputs + s->outputs) * sizeof(double),
				bytes = values + 1 + strlen(key) + 1;
	char	   *to = NULL;
	Entry	   *e;

	for (int i = 0; i < s->texts; i++)
		bytes += 1 + (text[i] ? strlen(text[i]) : 0) + 1;
	PPDL_TRY(take_entry(s, err));
	PPDL_TRY(take_space(s, bytes, &to, err));
	e = &s->entry[s->rows];
	e->number = s->rows++;
	e->x = (const double *) to;
	memcpy(to, x, s->inputs * sizeof(double));
	memcpy(to + s->inputs * sizeof(double), y, s->outputs * sizeof(double));
	to += values;
	*to++ = (char) has_label;
	e->key = to;
	to = stpcpy(to, key) + 1;
	for (int i = 0; i < s->texts; i++)
	{
		*to++ = text[i] ? TEXT : NO_TEXT;
		to = stpcpy(to, text[i] ? text[i] : "") + 1;
	}
	return PPDL_OK;
}

uint64_t
ppdl_row_sorter_rows(const PpdlRowSorter *s)
{
	return s->rows;
}

static int
compare(const void *a, const void *b)
{
	const Entry *x = a,
			   *y = b;
	int			order = strcmp(x->key, y->key);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

void
ppdl_row_sorter_sort(PpdlRowSorter *s)
{
	if (s->rows > 0)
		qsort(s->entry, s->rows, sizeof *s->entry, compare);
}

void
ppdl_row_sorter_get(const PpdlRowSorter *s, uint64_t i, PpdlSortedRow *row)
{
	const Entry *e = &s->entry[i];

	row->x = e->x;
	row->y = e->x + s->inputs;
	row->has_label = e->key[-1];
	row->texts = e->key + strlen(e->key) + 1;
}

const char *
ppdl_sorted_text(const PpdlSortedRow *row, int i)
{
	const char *s = row->texts;

	while (i-- > 0)
		s += strlen(s) + 1;
	return *s == TEXT ? s + 1 : NULL;
}
