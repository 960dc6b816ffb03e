/*
 * What the fuzz programs share.  A program has a few cases, one for each parser or
 * state; the first byte of an input chooses the case, the rest is what that case
 * reads.  With PPDL_FUZZ_SEEDS=directory a program writes valid inputs there, made by
 * the code that makes them for users, and ends.
 *
 * A case may do with its input whatever the server or the tool would; it fails by
 * crashing: a sanitizer's finding, an assertion of the debug build, or must().
 */
#ifndef PPDL_TEST_FUZZ_H
#define PPDL_TEST_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"

typedef struct FuzzCase
{
	const char *name;
	void		(*run) (const uint8_t *data, size_t len);
	void		(*seed) (void); /* calls put_seed for every valid input it knows */
} FuzzCase;

static const FuzzCase fuzz_case[];	/* each program's, ends with a NULL name */

static const char *seed_directory;
static int	seed_case,
			seed_number;

static inline void
must_hold(int cond, const char *what, const char *file, int line)
{
	if (!cond)
	{
		fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
		abort();
	}
}

#define must(cond) must_hold(!!(cond), #cond, __FILE__, __LINE__)

/* for what has to work: making seeds, the surroundings of a case */
#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
		{ \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #expr, fuzz_error.message); \
			abort(); \
		} \
	} while (0)

static PpdlError fuzz_error;
#define ERR (&fuzz_error)

/* one valid input of the case that is being asked for seeds */
static inline void
put_seed(const void *data, size_t len)
{
	char		path[4096];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s-%02d", seed_directory, fuzz_case[seed_case].name, seed_number++);
	f = fopen(path, "wb");
	must(f != NULL);
	must(fputc(seed_case, f) != EOF && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

static inline void
put_text_seed(const char *text)
{
	put_seed(text, strlen(text));
}

/* the same as text, and freed */
static inline void
put_writer_seed(PpdlWriter *w)
{
	must(!w->bad);
	put_seed(w->buf, w->len);
	ppdl_writer_free(w);
}

/* the input as text that ends with a NUL, malloc'ed */
static inline char *
text_of(const uint8_t *data, size_t len)
{
	char	   *text = malloc(len + 1);

	must(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

static inline int
count_cases(void)
{
	int			n = 0;

	while (fuzz_case[n].name != NULL)
		n++;
	return n;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	seed_directory = getenv("PPDL_FUZZ_SEEDS");
	if (seed_directory == NULL)
		return 0;
	for (seed_case = 0; seed_case < count_cases(); seed_case++)
	{
		seed_number = 0;
		fuzz_case[seed_case].seed();
		must(seed_number > 0);
	}
	exit(0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 0)
		fuzz_case[data[0] % count_cases()].run(data + 1, len - 1);
	return 0;
}

#endif
