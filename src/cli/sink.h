/*
 * Where rows go: COPY text or CSV into a file, or straight into a table.
 * A row is written field by field.
 */
#ifndef PPDL_CLI_SINK_H
#define PPDL_CLI_SINK_H

#include <libpq-fe.h>

#include "cli/outfile.h"
#include "base/bytes.h"

typedef enum PpdlFormat
{
	PPDL_FORMAT_COPY,
	PPDL_FORMAT_CSV
} PpdlFormat;

typedef struct PpdlSink
{
	PpdlFormat	format;
	FILE	   *f;				/* or */
	const char *shown;			/* name of f, for messages */
	PGconn	   *conn;			/* in COPY IN state */
	PpdlWriter	w;				/* what waits to be sent */
	int			fields;			/* in the row so far */
	uint64_t	rows;
} PpdlSink;

void		ppdl_sink_file(PpdlSink *s, const PpdlOutFile *out, PpdlFormat format);
void		ppdl_sink_table(PpdlSink *s, PGconn *conn);
void		ppdl_sink_free(PpdlSink *s);

/* s NULL: SQL NULL */
void		ppdl_sink_text(PpdlSink *s, const char *text, size_t len);
void		ppdl_sink_base64(PpdlSink *s, const void *data, size_t len);
/* {base64,base64,...} of n pieces of len bytes each */
void		ppdl_sink_base64_array(PpdlSink *s, const void *data, int n, size_t len);
/* {x,y,...}; as_scalar: n = 1 without braces */
void		ppdl_sink_numbers(PpdlSink *s, const double *x, int n, int as_scalar);
PpdlStatus	ppdl_sink_end_row(PpdlSink *s, PpdlError *err);
PpdlStatus	ppdl_sink_flush(PpdlSink *s, PpdlError *err);

#endif
