/* What is known of the columns of a result: chosen in words_choose.c, put in words_put.c, notes in words_note.c. */
#ifndef PPDL_CLI_WORDS_IMPL_H
#define PPDL_CLI_WORDS_IMPL_H

#include "cli/words.h"

/* of a ciphertext, without decrypting it */
typedef struct PpdlWordsHead
{
	int			rsa,			/* nothing more is known */
				packed,
				moments,		/* lwe_gram's: products of values */
				slice,
				width;
	double		bound;			/* slices: 1 */
	uint64_t	encoding;		/* 0: not known */
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
} PpdlWordsHead;

typedef struct PpdlWordsColumn
{
	char	   *name;
	/* seen so far */
	size_t		values;
	PpdlText	first;			/* ciphertext whose key is here */
	PpdlWordsHead head;			/* of the first */
	double		most;			/* the largest bound */
	int			mixed;			/* values are of several kinds, widths or encodings */
	int			whole_bounds;	/* all bounds are whole numbers */
	/* settled */
	const char *as;				/* what --as says, or NULL */
	const PpdlFeatures *features;
	PpdlDecoder *decoder;		/* NULL: the column stays as it is */
	PpdlSubject subject;
	PpdlMeaning meaning;
	int			count_column;	/* of a sum, or -1 */
	int			scores;			/* the first field has the scores */
	int			fields;
} PpdlWordsColumn;

/* one more feature file; given: by --features */
PpdlStatus	ppdl_words_add_file(PpdlWords *w, const char *path, int given, PpdlError *err);
/* *readable 0: the text is no ciphertext, or a damaged one; PPDL_ERR_NOMEM only */
PpdlStatus	ppdl_words_head(PpdlWordsHead *head, const char *s, size_t len, int *readable, PpdlError *err);
/* decides features, subject, meaning; leaves features NULL, after a note where one helps, when it cannot */
PpdlStatus	ppdl_words_choose(PpdlWords *w, PpdlWordsColumn *c, PpdlError *err);
/* says it once */
void		ppdl_words_note(PpdlWords *w, const char *fmt,...) __attribute__((format(printf, 2, 3)));

#endif
