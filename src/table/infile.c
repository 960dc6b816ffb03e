#include "table/infile.h"

#include <stdio.h>

#include <openssl/crypto.h>


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
