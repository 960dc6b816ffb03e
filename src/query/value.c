#include "query/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "rows/encoding.h"

/*
 * base64 of 50 4C 01, the magic "PL" and version 1; a later version must be recognised to be refused: 50 4C alone gives
 * "UEw"
 */
#define START "UEw"
#define SHORTEST 32				/* base64 characters of a bare header */
#define START_RSA "UFJTQ"		/* of "PRSA", whatever follows */

int
ppdl_value_starts_rsa(const char *s, size_t len)
{
	return len >= SHORTEST && memcmp(s, START_RSA, sizeof START_RSA - 1) == 0;
}

int
ppdl_value_starts(const char *s, size_t len)
{
	return (len >= SHORTEST && memcmp(s, START, sizeof START - 1) == 0) || ppdl_value_starts_rsa(s, len);
}

int
ppdl_value_character(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
		c == '=';
}

size_t
ppdl_value_whole(const char *s, size_t len)
{
	size_t		n = 0;

	while (n < len && ppdl_value_character(s[n]))
		n++;
	return n == len && ppdl_value_starts(s, n) ? n : 0;
}

PpdlStatus
ppdl_value_encoding(uint64_t *encoding, const char *s, size_t len, PpdlError *err)
{
	const size_t most = PPDL_ENCODING_HEAD / 3 * 4;
	uint8_t    *head;
	size_t		n;
	PpdlStatus	status;

	*encoding = 0;
	status = ppdl_base64_read(s, len < most ? len & ~(size_t) 3 : most, &head, &n, NULL);
	if (status == PPDL_ERR_NOMEM)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status != PPDL_OK)
		return PPDL_OK;
	if (ppdl_encoding_of_head(head, n, encoding, NULL) != PPDL_OK)
		*encoding = 0;
	free(head);
	return PPDL_OK;
}

PpdlStatus
ppdl_value_check_encoding(const char *s, size_t len, uint64_t encoding, PpdlError *err)
{
	uint64_t	of;
	char		id[2][PPDL_ENCODING_SIZE];

	PPDL_TRY(ppdl_value_encoding(&of, s, len, err));
	if (of == 0 || encoding == 0 || of == encoding)
		return PPDL_OK;
	ppdl_encoding_print(id[0], of);
	ppdl_encoding_print(id[1], encoding);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "the rows have encoding %s, the feature file %s", id[0], id[1]);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Name the feature file that the rows were encrypted with.");
}
