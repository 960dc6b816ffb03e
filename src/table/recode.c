#include "table/recode.h"

#include <errno.h>
#include <iconv.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define ROOM 16384

struct PpdlRecoder
{
	FILE	   *f;
	iconv_t		conv;
	char		in[ROOM],
				out[4 * ROOM];
	size_t		in_len,
				out_len,
				next;			/* in out */
	int			flushed,
				bad,
				bad_byte;
};

PpdlStatus
ppdl_recoder_open(PpdlRecoder **out, FILE *f, const char *charset, PpdlError *err)
{
	PpdlRecoder *r = calloc(1, sizeof *r);

	*out = NULL;
	if (r == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r->f = f;
	r->conv = iconv_open("UTF-8", charset);
	if (r->conv != (iconv_t) -1)
	{
		*out = r;
		return PPDL_OK;
	}
	free(r);
	if (errno != EINVAL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "cannot convert from \"%.*s\": %s",
						  PPDL_CUT(charset, 60), strerror(errno));
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--encoding: there is no character set \"%.*s\"", PPDL_CUT(charset, 60));
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Names are those of iconv, LATIN1, WINDOWS-1252 or UTF-16 for "
						   "example; \"iconv -l\" lists them.");
}

void
ppdl_recoder_close(PpdlRecoder *r)
{
	if (r == NULL)
		return;
	iconv_close(r->conv);
	OPENSSL_cleanse(r, sizeof *r);
	free(r);
}

/* converts what there is into out, which is empty */
static void
convert(PpdlRecoder *r)
{
	char	   *from = r->in,
			   *to = r->out;
	size_t		from_left = r->in_len,
				to_left = sizeof r->out,
				rc;
	int			at_end = feof(r->f) || ferror(r->f);

	errno = 0;
	rc = iconv(r->conv, &from, &from_left, &to, &to_left);
	/* half a character waits for the rest, if there is any */
	if (rc == (size_t) -1 && (errno == EILSEQ || (errno == EINVAL && at_end)))
	{
		r->bad = 1;
		r->bad_byte = (unsigned char) *from;
	}
	memmove(r->in, from, from_left);
	r->in_len = from_left;
	if (from_left == 0 && at_end && !r->flushed)
	{
		r->flushed = 1;
		iconv(r->conv, NULL, NULL, &to, &to_left);
	}
	r->out_len = sizeof r->out - to_left;
	r->next = 0;
}

int
ppdl_recoder_get(PpdlRecoder *r)
{
	while (r->next == r->out_len)
	{
		if (r->bad || r->flushed)
			return EOF;
		if (r->in_len < sizeof r->in)
			r->in_len += fread(r->in + r->in_len, 1, sizeof r->in - r->in_len, r->f);
		if (ferror(r->f))
			return EOF;
		convert(r);
	}
	return (unsigned char) r->out[r->next++];
}

int
ppdl_recoder_bad(const PpdlRecoder *r, int *byte)
{
	*byte = r->bad_byte;
	return r->bad && r->next == r->out_len;
}
