/*
 * Errors of the core: every function that can fail returns a PpdlStatus and
 * describes the failure in a caller-supplied PpdlError (which may be NULL).
 * Nothing in the core prints, exits or jumps.
 */
#ifndef PPDL_BASE_ERROR_H
#define PPDL_BASE_ERROR_H

typedef enum PpdlStatus
{
	PPDL_OK = 0,
	PPDL_ERR_NOMEM,				/* out of memory */
	PPDL_ERR_ARGUMENT,			/* an argument or option is wrong */
	PPDL_ERR_FORMAT,			/* malformed bytes, text, JSON or CSV */
	PPDL_ERR_VERSION,			/* well formed, but of an unknown version */
	PPDL_ERR_KEY,				/* key missing, of the wrong owner or kind, bad passphrase */
	PPDL_ERR_LEVEL,				/* not enough levels (limbs) */
	PPDL_ERR_SCALE,				/* scales or shapes do not match */
	PPDL_ERR_RANGE,				/* a value is, or could become, too large */
	PPDL_ERR_PRECISION,			/* noise has eaten the message */
	PPDL_ERR_IO,				/* operating system said no */
	PPDL_ERR_CRYPTO,			/* OpenSSL said no */
	PPDL_ERR_CANCELED,			/* the caller's interrupt callback asked to stop */
	PPDL_ERR_INTERNAL			/* a bug in ppdl */
} PpdlStatus;

typedef struct PpdlError
{
	PpdlStatus	code;
	char		message[320];	/* what is wrong, with names and numbers */
	char		detail[320];	/* more about it, or "" */
	char		hint[320];		/* what to do, or "" */
} PpdlError;

/* Fills *err (if not NULL) and returns code, so that callers can write return ppdl_error(...). */
PpdlStatus	ppdl_error(PpdlError *err, PpdlStatus code, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));
/* Adds a detail or hint to an error already raised; returns err->code (or code when err is NULL). */
PpdlStatus	ppdl_error_detail(PpdlError *err, PpdlStatus code, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));
PpdlStatus	ppdl_error_hint(PpdlError *err, PpdlStatus code, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));
/* PPDL_ERR_IO, "cannot read "x": No such file or directory" from errno */
PpdlStatus	ppdl_os_error(PpdlError *err, const char *what, const char *path);
/* Puts "path: " before the message of a failure that does not name the file; returns status. */
PpdlStatus	ppdl_name_file(const char *path, PpdlStatus status, PpdlError *err);
const char *ppdl_status_name(PpdlStatus code);

/* Returns from the enclosing function when expr fails. */
#define PPDL_TRY(expr) \
	do { \
		PpdlStatus ppdl_try_status_ = (expr); \
		if (ppdl_try_status_ != PPDL_OK) \
			return ppdl_try_status_; \
	} while (0)

/* Jumps to label when expr fails; status must be a PpdlStatus variable in scope. */
#define PPDL_GOTO(label, expr) \
	do { \
		status = (expr); \
		if (status != PPDL_OK) \
			goto label; \
	} while (0)

/*
 * Bounds that keep arithmetic from overflowing are assertions of the debug
 * build (-DPPDL_DEBUG); the release build compiles them away.
 */
#ifdef PPDL_DEBUG
#include <assert.h>
#define PPDL_ASSERT(cond) assert(cond)
#else
#define PPDL_ASSERT(cond) ((void) 0)
#endif

#endif
