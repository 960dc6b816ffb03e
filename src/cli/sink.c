#include "cli/sink.h"

#include <string.h>

#include "base/base64.h"
#include "cli/cli.h"
#include "cli/copytext.h"
#include "table/csv.h"
#include "table/features.h"

#define FLUSH_AT (1u << 20)

void
ppdl_sink_file(PpdlSink *s, const PpdlOutFile *out, PpdlFormat format)
{
	memset(s, 0, sizeof *s);
	ppdl_writer_init_secret(&s->w);
	s->f = out->f;
	s->shown = out->shown;
	s->format = format;
}

void
ppdl_sink_table(PpdlSink *s, PGconn *conn)
{
	memset(s, 0, sizeof *s);
	ppdl_writer_init_secret(&s->w);
	s->conn = conn;
	s->format = PPDL_FORMAT_COPY;
}

void
ppdl_sink_free(PpdlSink *s)
{
	ppdl_writer_free(&s->w);
}

static void
begin_field(PpdlSink *s)
{
	if (s->fields++)
		ppdl_write_u8(&s->w, s->format == PPDL_FORMAT_CSV ? ',' : '\t');
}

void
ppdl_sink_text(PpdlSink *s, const char *text, size_t len)
{
	begin_field(s);
	if (s->format == PPDL_FORMAT_COPY)
		ppdl_copy_put(&s->w, text, len);
	else if (text)
		ppdl_csv_put(&s->w, text, len);
}

void
ppdl_sink_base64(PpdlSink *s, const void *data, size_t len)
{
	begin_field(s);
	ppdl_base64_write(&s->w, data, len);
}

void
ppdl_sink_base64_array(PpdlSink *s, const void *data, int n, size_t len)
{
	int			quote = s->format == PPDL_FORMAT_CSV && n > 1;

	begin_field(s);
	if (quote)
		ppdl_write_u8(&s->w, '"');
	for (int i = 0; i < n; i++)
	{
		ppdl_write_u8(&s->w, i ? ',' : '{');
		ppdl_base64_write(&s->w, (const uint8_t *) data + (size_t) i * len, len);
	}
	ppdl_write_u8(&s->w, '}');
	if (quote)
		ppdl_write_u8(&s->w, '"');
}

void
ppdl_sink_numbers(PpdlSink *s, const double *x, int n, int as_scalar)
{
	int			braces = !(as_scalar && n == 1);
	int			quote = s->format == PPDL_FORMAT_CSV && n > 1;

	begin_field(s);
	if (quote)
		ppdl_write_u8(&s->w, '"');
	if (braces)
		ppdl_write_u8(&s->w, '{');
	for (int i = 0; i < n; i++)
	{
		if (i)
			ppdl_write_u8(&s->w, ',');
		ppdl_put_number(&s->w, x[i]);
	}
	if (braces)
		ppdl_write_u8(&s->w, '}');
	if (quote)
		ppdl_write_u8(&s->w, '"');
}

PpdlStatus
ppdl_sink_flush(PpdlSink *s, PpdlError *err)
{
	if (s->w.bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (s->conn)
	{
		if (s->w.len > 0 && PQputCopyData(s->conn, (const char *) s->w.buf, (int) s->w.len) != 1)
			return ppdl_server_error(err, "%s", PQerrorMessage(s->conn));
	}
	else if (fwrite(s->w.buf, 1, s->w.len, s->f) != s->w.len)
		return ppdl_os_error(err, "write", s->shown);
	s->w.len = 0;
	return PPDL_OK;
}

PpdlStatus
ppdl_sink_end_row(PpdlSink *s, PpdlError *err)
{
	ppdl_write_u8(&s->w, '\n');
	s->fields = 0;
	s->rows++;
	return s->w.len >= FLUSH_AT ? ppdl_sink_flush(s, err) : PPDL_OK;
}
