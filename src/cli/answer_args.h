/*
 * The options that say with which keys values are decrypted and how they are put, shared by the sub-commands that show
 * decrypted results.
 */
#ifndef PPDL_CLI_ANSWER_ARGS_H
#define PPDL_CLI_ANSWER_ARGS_H

#include "cli/args.h"
#include "cli/verify_args.h"
#include "cli/words.h"
#include "rows/group_size.h"

typedef struct PpdlAnswerArgs
{
	PpdlList	keys;			/* at least one, after parsing */
	PpdlList	writers;		/* public files of writers */
	const char *passphrase_file;
	PpdlWordsOptions words;
	PpdlVerifyArgs verify;
	long		min_count;		/* of the rows of a total, to be decrypted */
	int			expand,			/* a line for each row of packed results */
				share;			/* noise flooding */
} PpdlAnswerArgs;

/* a child for argp parsers; its input is a PpdlAnswerArgs of zeros */
extern const struct argp ppdl_answer_argp;

void		ppdl_answer_args_free(PpdlAnswerArgs *a);

/*
 * Opens the keys, which may ask for a passphrase, and the feature files.  a and reveal must outlive words; both are the
 * caller's to close, after an error too.
 */
PpdlStatus	ppdl_answer_open(const PpdlAnswerArgs *a, PpdlReveal *reveal, PpdlWords *words, PpdlError *err);

#endif
