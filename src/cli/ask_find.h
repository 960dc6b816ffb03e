/*
 * Which feature file the rows of an encrypted column were encoded with, before any of them is here.
 */
#ifndef PPDL_CLI_ASK_FIND_H
#define PPDL_CLI_ASK_FIND_H

#include "cli/database.h"
#include "query/ask.h"
#include "cli/words.h"

typedef struct PpdlAskFinder
{
	PpdlDb	   *db;
	PpdlWords  *words;			/* its files, and those it finds */
} PpdlAskFinder;

/*
 * PpdlAskFind, of a PpdlAskFinder.  The one file of --features, if there is one; else that of the encoding of the
 * first row in the tables that the SQL text names and that have such a column, among --features, beside a key file, or
 * in the current directory.
 */
PpdlStatus	ppdl_ask_find(void *arg, const char *column, const char *sql, size_t at, const PpdlFeatures **fs,
							PpdlError *err);

#endif
