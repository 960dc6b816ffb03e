#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* what does not fit is cut between two characters */
static void __attribute__((format(printf, 3, 0)))
put(char *out, size_t size, const char *fmt, va_list ap)
{
	const int	n = vsnprintf(out, size, fmt, ap);

	if (n >= (int) size)
		out[ppdl_text_whole(out, size - 1)] = '\0';
}

PpdlStatus
ppdl_error(PpdlError *err, PpdlStatus code, const char *fmt,...)
{
	va_list		ap;

	if (err == NULL)
		return code;
	err->code = code;
	err->detail[0] = err->hint[0] = '\0';
	va_start(ap, fmt);
	put(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return code;
}

PpdlStatus
ppdl_error_detail(PpdlError *err, PpdlStatus code, const char *fmt,...)
{
	va_list		ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	put(err->detail, sizeof(err->detail), fmt, ap);
	va_end(ap);
	return code;
}

PpdlStatus
ppdl_error_hint(PpdlError *err, PpdlStatus code, const char *fmt,...)
{
	va_list		ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	put(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return code;
}

PpdlStatus
ppdl_os_error(PpdlError *err, const char *what, const char *path)
{
	return ppdl_error(err, PPDL_ERR_IO, "cannot %s \"%s\": %s", what, path, strerror(errno));
}

PpdlStatus
ppdl_name_file(const char *path, PpdlStatus status, PpdlError *err)
{
	char		text[sizeof err->message];

	if (status == PPDL_OK || err == NULL || strstr(err->message, path))
		return status;
	snprintf(text, sizeof text, "%.*s: %.*s", PPDL_CUT(path, 150), PPDL_CUT(err->message, 160));
	memcpy(err->message, text, sizeof text);
	return status;
}

const char *
ppdl_status_name(PpdlStatus code)
{
	static const char *const names[] = {
		"ok", "out of memory", "invalid argument", "malformed input",
		"unsupported version", "key error", "not enough levels",
		"scale or shape mismatch", "value out of range", "precision lost",
		"input/output error", "cryptographic library error", "canceled",
		"internal error"
	};

	if ((unsigned) code >= sizeof(names) / sizeof(names[0]))
		return "unknown error";
	return names[code];
}
