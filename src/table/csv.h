/*
 * Reading CSV (RFC 4180, by libcsv) record by record, with the line each record
 * began on; and writing fields.  Spaces belong to the field; blank lines and a byte
 * order mark are skipped; fields are UTF-8 without NUL bytes, converted from another character set if one is named.
 */
#ifndef PPDL_TABLE_CSV_H
#define PPDL_TABLE_CSV_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"

typedef struct PpdlCsv PpdlCsv;

typedef struct PpdlCsvOptions
{
	const char *name;			/* of the file, for messages */
	char		delimiter;		/* 0: comma, or what the first line has in its place: ';', tab or '|' */
	const char *charset;		/* for iconv; NULL: UTF-8 */
	int			no_header;		/* columns are then called 1, 2, 3, ... */
	int			ragged;			/* records may have any number of fields (implies no_header) */
	/* first line, if it was already read from f; must live until the first record is read */
	const char *first;
	size_t		first_len;
} PpdlCsvOptions;

typedef struct PpdlCsvRow
{
	long		line;			/* where the record begins, from 1 */
	int			nfields;
	char	  **field;			/* NUL-terminated; "" when empty. Valid until the next call. */
	size_t	   *len;
	char	   *absent;			/* 1 when there is nothing, not even quotes: SQL NULL */
} PpdlCsvRow;

/*
 * Reads the header (or the first record, to count its columns).  f stays the caller's.
 * PPDL_ERR_FORMAT with "name:line: ..." for an empty file, a header with an empty
 * or repeated name, a ragged record, a stray or unclosed quote, invalid text.
 */
PpdlStatus	ppdl_csv_open(PpdlCsv **out, FILE *f, const PpdlCsvOptions *opt, PpdlError *err);
void		ppdl_csv_close(PpdlCsv *csv);	/* wipes: fields are patients' data */
const char *ppdl_csv_name(const PpdlCsv *csv);
char		ppdl_csv_delimiter(const PpdlCsv *csv);
int			ppdl_csv_columns(const PpdlCsv *csv);	/* 0 when ragged */
const char *ppdl_csv_column(const PpdlCsv *csv, int i);
/* index of a column; PPDL_ERR_FORMAT lists the columns there are */
PpdlStatus	ppdl_csv_find(const PpdlCsv *csv, const char *column, int *index, PpdlError *err);
/* the next record; *more = 0 at the end */
PpdlStatus	ppdl_csv_next(PpdlCsv *csv, PpdlCsvRow *row, int *more, PpdlError *err);

/* a field, in quotes where RFC 4180 needs them (and for "", which COPY would read as NULL) */
void		ppdl_csv_put(PpdlWriter *w, const char *s, size_t len);

/* 1 when the bytes are UTF-8 */
int			ppdl_utf8_valid(const char *s, size_t len);

#endif
