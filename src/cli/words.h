/*
 * Answers in the owner's words: what a decrypted column of a result says about the table that was encrypted, as a
 * feature file has it.  A column of averages becomes one of each feature, a prediction gets its class beside its score.
 *
 * Which file: the one among --features that has the values' encoding; else one beside a key file, or in the current
 * directory, that has it; for values that name none, the one among --features whose width fits.  What the values are (a
 * row, an average, a sum, ...) follows from their kind, the column's name, and what in them counts rows; --as says it
 * outright.  Where it cannot be known, a note says so and the numbers stay as they are encoded.
 */
#ifndef PPDL_CLI_WORDS_H
#define PPDL_CLI_WORDS_H

#include "cli/args.h"
#include "cli/present.h"
#include "cli/reveal.h"
#include "table/decoder.h"

/* --features, --as and --raw */
typedef struct PpdlWordsOptions
{
	PpdlList	features,
				as;
	int			raw;
} PpdlWordsOptions;

typedef struct PpdlWordsFile
{
	char	   *path;
	PpdlFeatures *features;
	int			given;			/* by --features */
} PpdlWordsFile;

struct PpdlWordsColumn;

typedef struct PpdlWords
{
	int			on;
	const PpdlWordsOptions *opt;
	const PpdlList *keys;		/* files, beside which feature files are looked for */
	PpdlReveal *reveal;
	int			objects,		/* a column stays one, of JSON */
				people;			/* shares in per cent */
	int			files;
	PpdlWordsFile *file;
	PpdlWriter	noted;			/* what was said before, each with a zero: it is said once */
	/* one result */
	size_t		ncolumns;
	struct PpdlWordsColumn *column;
} PpdlWords;

/* Loads the files of --features.  Options, keys and reveal must outlive w. */
PpdlStatus	ppdl_words_open(PpdlWords *w, const PpdlWordsOptions *opt, const PpdlList *keys, PpdlReveal *reveal,
							PpdlError *err);
void		ppdl_words_close(PpdlWords *w);

/*
 * A result: the names of its columns; its records, as many as are at hand; then what its columns are.  All of it does
 * nothing when w is not open, or with --raw.
 */
PpdlStatus	ppdl_words_begin(PpdlWords *w, int ncolumns, const char *const *names, PpdlError *err);
/* fields must live until ppdl_words_settle */
PpdlStatus	ppdl_words_look(PpdlWords *w, const PpdlText *fields, size_t count, PpdlError *err);
PpdlStatus	ppdl_words_settle(PpdlWords *w, PpdlError *err);
void		ppdl_words_end(PpdlWords *w);

/* is the column put into words? */
int			ppdl_words_has(const PpdlWords *w, size_t column);
/* fields that it gives: 1 when it is not put into words */
int			ppdl_words_fields(const PpdlWords *w, size_t column);
/* of all columns; 0: nothing is put into words */
int			ppdl_words_columns(const PpdlWords *w);
/* name of one of the fields; NULL: out of memory; to be freed */
char	   *ppdl_words_title(const PpdlWords *w, size_t column, int field);
/* ppdl_present_begin with the columns of a result, or those that words make of them; w may be NULL */
PpdlStatus	ppdl_words_present(const PpdlWords *w, PpdlPresenter *p, int ncolumns, const char *const *names,
							   const PpdlCellKind *kinds, PpdlError *err);

/* how many rows the column's value of a record stands for, if it is a sum; fields: of the record, as they came */
PpdlStatus	ppdl_words_rows(const PpdlWords *w, size_t column, const PpdlText *fields, size_t count, double *rows,
							PpdlError *err);
/*
 * Appends the texts of one row of values to cell[0 .. ppdl_words_fields), nothing for NULL.  PPDL_ALL_ROWS: all as
 * arrays, unless there is one only.  PPDL_ERR_FORMAT when the values are not what they were taken for.
 */
#define PPDL_ALL_ROWS UINT32_MAX
PpdlStatus	ppdl_words_put(const PpdlWords *w, size_t column, const PpdlValues *values, uint32_t row, double rows,
						   PpdlWriter *cell, PpdlError *err);
/* the same of a value that stays text: one of another key */
void		ppdl_words_put_text(const PpdlWords *w, const PpdlWriter *text, PpdlWriter *cell);

#endif
