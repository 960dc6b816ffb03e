#include "table/infile.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "net/json.h"

PpdlStatus
ppdl_read_whole(const char *path, PpdlWriter *w, PpdlError *err)
{
	FILE	   *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	PpdlStatus	status = PPDL_OK;
	uint8_t		buf[65536];
	size_t		n;

	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		ppdl_write_bytes(w, buf, n);
	ppdl_write_u8(w, 0);
	if (ferror(f))
		status = ppdl_os_error(err, "read", path);
	else if (w->bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
		w->len--;
	OPENSSL_cleanse(buf, sizeof buf);
	if (f != stdin)
		fclose(f);
	return status;
}

PpdlStatus
ppdl_check_text(const char *path, const void *text, size_t len, PpdlError *err)
{
	if (memchr(text, 0, len) == NULL)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_FORMAT, "%s: NUL bytes in what should be text",
			   strcmp(path, "-") == 0 ? "standard input" : path);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Is it UTF-16? Save it as UTF-8.");
}

PpdlStatus
ppdl_read_text(const char *path, PpdlWriter *w, PpdlError *err)
{
	const size_t at = w->len;

	PPDL_TRY(ppdl_read_whole(path, w, err));
	return ppdl_check_text(path, w->buf + at, w->len - at, err);
}

PpdlStatus
ppdl_read_json(json_t **out, const char *path, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init_secret(&w);
	status = ppdl_read_whole(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_json_parse(out, (const char *) w.buf, w.len, path, err);
	ppdl_writer_free(&w);
	return status;
}
