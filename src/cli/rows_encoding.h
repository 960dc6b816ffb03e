/* Which encoding the rows of an encrypted column have, before any of them is here. */
#ifndef PPDL_CLI_ROWS_ENCODING_H
#define PPDL_CLI_ROWS_ENCODING_H

#include <stdint.h>

#include "cli/database.h"

/* *encoding: of the first row that has a value; 0: it names none, or there is no such row.  table: as SQL writes it */
PpdlStatus	ppdl_rows_encoding(PpdlDb *db, const char *table, const char *column, uint64_t *encoding, PpdlError *err);

#endif
