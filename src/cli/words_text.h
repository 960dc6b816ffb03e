/*
 * Answers in the owner's words within text that is no CSV: each ciphertext becomes what a column of it would be in
 * JSON, an object by names or what stands for one.  The name that says what a value is (cli/words.h) is that of its
 * column in a table that psql drew; else what stands before it on its line; else the line before.
 */
#ifndef PPDL_CLI_WORDS_TEXT_H
#define PPDL_CLI_WORDS_TEXT_H

#include "cli/words.h"

typedef struct PpdlWordsText
{
	PpdlWords  *words;			/* with objects */
	PpdlWriter	before,			/* the last line without a ciphertext */
				title;			/* of a table, the line of its names; empty: none */
	long		lines;
} PpdlWordsText;

void		ppdl_words_text_init(PpdlWordsText *t, PpdlWords *words);
void		ppdl_words_text_free(PpdlWordsText *t);
/* appends the line s[0 .. len) to w, with its ciphertexts replaced; errors as of ppdl_words_put */
PpdlStatus	ppdl_words_line(PpdlWordsText *t, const char *s, size_t len, PpdlWriter *w, PpdlError *err);

#endif
