/*
 * From ciphertexts in text to numbers in text.
 *
 * A ciphertext is recognised by the base64 of its first bytes (magic, version);
 * anything else passes unchanged.  A value of width 1 becomes a number, a wider one
 * {a,b,c}, a packed one an array of those, in which rows without value are NULL.  Of RSA: a value
 * becomes its exact number, a prediction is finished and shown like a packed value.
 */
#ifndef PPDL_CLI_REVEAL_H
#define PPDL_CLI_REVEAL_H

#include "cli/args.h"
#include "cli/copytext.h"
#include "cli/writer_parts.h"
#include "net/rsa_net.h"
#include "owner/owner.h"
#include "query/value.h"
#include "query/verify.h"

typedef struct PpdlReveal
{
	int			owners,			/* keys of either scheme may be missing */
				rsas;
	PpdlOwner **owner;
	PpdlWriterParts writers;	/* whose rows they read, too */
	PpdlRsaKey **rsa;
	PpdlThreads *threads;		/* for RSA predictions */
	int			share;			/* add noise flooding */
	long		min_count;		/* totals of fewer rows are not decrypted: "(fewer than 5 rows)"; 0, 1: all are */
	int			few_are_null;	/* nothing stands for these, instead of a text */
	int			count_column;	/* of the records at hand, what counts rows, or -1 */
	double		counted;		/* what it says in the record at hand, or 0 */
	uint64_t	values,			/* ciphertexts read so far */
				foreign,		/* of them under keys that were not given: "<lwe_cipher of key ...>" */
				few;			/* of them of too few rows */
	PpdlError	first_foreign;	/* what was wrong with the first of them */
} PpdlReveal;

/* Opens key files of either scheme; two of the same key are an error. */
PpdlStatus	ppdl_reveal_open(PpdlReveal *r, const PpdlList *keys, const char *passphrase_file, PpdlError *err);
/* ppdl_verifier_open with these keys and writers, which Ctrl-C ends; r must outlive *out */
PpdlStatus	ppdl_reveal_verifier(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlReveal *r, PpdlError *err);
void		ppdl_reveal_close(PpdlReveal *r);
/* at the end: an error when all values are of other keys, a note to the user when some are, or are of too few rows */
PpdlStatus	ppdl_reveal_finish(const PpdlReveal *r, PpdlError *err);

/* the names of the columns of what follows: one called "count" counts rows */
void		ppdl_reveal_columns(PpdlReveal *r, int count, const char *const *names);
/* finds `counted` of the next record */
void		ppdl_reveal_count(PpdlReveal *r, const PpdlText *fields, size_t count);
/* is the ciphertext, s[0 .. len), a total of too few rows, as far as that can be known (rows/group_size.h)? */
int			ppdl_reveal_is_few(const PpdlReveal *r, const char *s, size_t len);
/* "(fewer than 5 rows)", malloc'ed, in place of such a value, which is counted; NULL: out of memory */
char	   *ppdl_reveal_few_text(PpdlReveal *r);

/*
 * What a ciphertext decrypts to: an exact number as text, or values; text, too, of one whose key is not here, in <>,
 * and of one of too few rows, in ().
 */
typedef struct PpdlRevealed
{
	char	   *number;			/* NULL: values */
	int			few;			/* number says that it is of too few rows */
	PpdlValues	values;
} PpdlRevealed;

/* of one ciphertext, s[0 .. len), of either scheme; released with ppdl_revealed_free, which wipes */
PpdlStatus	ppdl_reveal(PpdlReveal *r, const char *s, size_t len, PpdlRevealed *out, PpdlError *err);
void		ppdl_revealed_free(PpdlRevealed *v);
/* appends it as one text */
void		ppdl_revealed_put(const PpdlRevealed *v, PpdlWriter *w);

/* appends to w what the ciphertext s[at .. at + len) becomes; s: the whole text */
typedef PpdlStatus (*PpdlRevealPut) (void *arg, const char *s, size_t at, size_t len, PpdlWriter *w, PpdlError *err);
/* s with every ciphertext in it replaced, appended to w */
PpdlStatus	ppdl_reveal_each(const char *s, size_t len, PpdlRevealPut put, void *arg, PpdlWriter *w, PpdlError *err);
/* the same, by its numbers */
PpdlStatus	ppdl_reveal_text(PpdlReveal *r, const char *s, size_t len, PpdlWriter *w, PpdlError *err);

/*
 * The values of one ciphertext, s[0 .. len): an LWE value of any kind or an RSA prediction.  Released with
 * ppdl_values_free.
 */
PpdlStatus	ppdl_reveal_values(PpdlReveal *r, const char *s, size_t len, PpdlValues *out, PpdlError *err);

/* appends row i of values as one text */
void		ppdl_reveal_row(const PpdlValues *values, uint32_t i, PpdlWriter *w);

#endif
