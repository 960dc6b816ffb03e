#include "base/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE (3u << 22)		/* bytes: EVP counts in ints */

PpdlStatus
ppdl_base64_read(const char *s, size_t len, uint8_t **out, size_t *outlen, PpdlError *err)
{
	size_t		pad = 0;
	size_t		done = 0;
	uint8_t    *buf;

	*out = NULL;
	if (len % 4 != 0 || len == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "a ciphertext is cut short: %zu base64 characters are no multiple of 4",
						  len);
	while (pad < 2 && s[len - 1 - pad] == '=')
		pad++;
	/* EVP takes a "=" anywhere for zero bits */
	if (memchr(s, '=', len - pad))
		return ppdl_error(err, PPDL_ERR_FORMAT, "a ciphertext is damaged: it is no base64 text");
	buf = malloc(len / 4 * 3);
	if (buf == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a ciphertext of %zu characters", len);
	while (done < len)
	{
		size_t		n = len - done < ppdl_base64_length(AT_ONCE) ? len - done : ppdl_base64_length(AT_ONCE);

		if (EVP_DecodeBlock(buf + done / 4 * 3, (const unsigned char *) s + done, (int) n) != (int) (n / 4 * 3))
		{
			free(buf);
			return ppdl_error(err, PPDL_ERR_FORMAT, "a ciphertext is damaged: it is no base64 text");
		}
		done += n;
	}
	*out = buf;
	*outlen = len / 4 * 3 - pad;
	return PPDL_OK;
}

void
ppdl_base64_write(PpdlWriter *w, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len > 0)
	{
		size_t		n = len < AT_ONCE ? len : AT_ONCE;
		uint8_t    *to = ppdl_write_space(w, ppdl_base64_length(n) + 1);

		if (to == NULL)
			return;
		EVP_EncodeBlock(to, from, (int) n);
		w->len--;				/* the NUL that EVP adds */
		from += n;
		len -= n;
	}
}
