#include "lib/handles.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "rows/group_size.h"

#define SAME(a, b) _Static_assert((int) (a) == (int) (b), "public codes are those of base/error.h")

SAME(PPDL_E_MEMORY, PPDL_ERR_NOMEM);
SAME(PPDL_E_ARGUMENT, PPDL_ERR_ARGUMENT);
SAME(PPDL_E_FORMAT, PPDL_ERR_FORMAT);
SAME(PPDL_E_VERSION, PPDL_ERR_VERSION);
SAME(PPDL_E_KEY, PPDL_ERR_KEY);
SAME(PPDL_E_LEVEL, PPDL_ERR_LEVEL);
SAME(PPDL_E_SCALE, PPDL_ERR_SCALE);
SAME(PPDL_E_RANGE, PPDL_ERR_RANGE);
SAME(PPDL_E_PRECISION, PPDL_ERR_PRECISION);
SAME(PPDL_E_IO, PPDL_ERR_IO);
SAME(PPDL_E_CRYPTO, PPDL_ERR_CRYPTO);
SAME(PPDL_E_CANCELED, PPDL_ERR_CANCELED);
SAME(PPDL_E_INTERNAL, PPDL_ERR_INTERNAL);

const char *
ppdl_version(void)
{
	return PPDL_RELEASE;
}

ppdl_err *
ppdl_err_new(void)
{
	return calloc(1, sizeof(ppdl_err));
}

void
ppdl_err_free(ppdl_err *err)
{
	free(err);
}

int32_t
ppdl_err_code(const ppdl_err *err)
{
	return err == NULL ? 0 : (int32_t) err->e.code;
}

const char *
ppdl_err_message(const ppdl_err *err)
{
	return err == NULL ? "" : err->e.message;
}

const char *
ppdl_err_detail(const ppdl_err *err)
{
	return err == NULL ? "" : err->e.detail;
}

const char *
ppdl_err_hint(const ppdl_err *err)
{
	return err == NULL ? "" : err->e.hint;
}

PpdlError *
ppdl_err_begin(ppdl_err *err)
{
	if (err == NULL)
		return NULL;
	memset(&err->e, 0, sizeof err->e);
	return &err->e;
}

PpdlStatus
ppdl_lib_need(const void *p, const char *what, PpdlError *err)
{
	return p != NULL ? PPDL_OK : ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is NULL", what);
}

PpdlStatus
ppdl_lib_check_flags(uint32_t flags, uint32_t known, PpdlError *err)
{
	return (flags & ~known) == 0 ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_ARGUMENT, "unknown flags %#x", (unsigned) flags);
}

PpdlStatus
ppdl_lib_take_min_count(long *to, uint64_t from, const char *what, PpdlError *err)
{
	*to = from == 0 ? PPDL_MIN_COUNT : (long) from;
	return from <= PPDL_MOST_MIN_COUNT ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is %llu, more than %d", what, (unsigned long long) from,
				   PPDL_MOST_MIN_COUNT);
}

PpdlStatus
ppdl_lib_nomem(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_lib_copy(char **to, const char *from, PpdlError *err)
{
	*to = from == NULL ? NULL : strdup(from);
	return from == NULL || *to != NULL ? PPDL_OK : ppdl_lib_nomem(err);
}

PpdlStatus
ppdl_lib_take_list(PpdlList *to, const char *const *from, PpdlError *err)
{
	for (; from != NULL && *from != NULL; from++)
		PPDL_TRY(ppdl_list_append(to, *from, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_lib_take_fields(PpdlText **to, const char *const *from, size_t count, PpdlError *err)
{
	PpdlText   *field = calloc(count + 1, sizeof *field);

	*to = field;
	if (field == NULL)
		return ppdl_lib_nomem(err);
	for (size_t i = 0; i < count; i++)
		if (from[i] != NULL)
			field[i] = (PpdlText) {(char *) from[i], strlen(from[i])};
	return PPDL_OK;
}

locale_t
ppdl_lib_plain_locale(void)
{
	/* glibc has this one ready: there is nothing to free, and it does not fail */
	const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t) 0);

	return plain != (locale_t) 0 ? uselocale(plain) : (locale_t) 0;
}

void
ppdl_lib_locale_back(locale_t *before)
{
	if (*before != (locale_t) 0)
		uselocale(*before);
}

/* every such struct begins so */
static PpdlStatus
size_of(uint64_t *size, const void *theirs, size_t least, const char *what, PpdlError *err)
{
	PPDL_TRY(ppdl_lib_need(theirs, what, err));
	memcpy(size, theirs, sizeof *size);
	if (*size >= least && *size <= UINT32_MAX)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "%s->size is %llu, of a struct of %zu bytes or more", what,
			   (unsigned long long) *size, least);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Set it to the sizeof the struct before the call.");
}

PpdlStatus
ppdl_lib_give(void *theirs, void *mine, size_t own, size_t least, const char *what, PpdlError *err)
{
	uint64_t	size;

	PPDL_TRY(size_of(&size, theirs, least, what, err));
	memcpy(mine, &size, sizeof size);
	memset(theirs, 0, size);
	memcpy(theirs, mine, size < own ? size : own);
	return PPDL_OK;
}

PpdlStatus
ppdl_lib_take(void *mine, size_t own, size_t least, const void *theirs, const char *what, PpdlError *err)
{
	uint64_t	size;

	PPDL_TRY(size_of(&size, theirs, least, what, err));
	for (uint64_t i = own; i < size; i++)
		if (((const uint8_t *) theirs)[i] != 0)
			return ppdl_error(err, PPDL_ERR_VERSION,
							  "%s asks for something that libppdl " PPDL_RELEASE " does not know", what);
	memset(mine, 0, own);
	memcpy(mine, theirs, size < own ? size : own);
	return PPDL_OK;
}
