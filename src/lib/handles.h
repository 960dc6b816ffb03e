/*
 * Private to the floor: what the handles of include/ppdl.h are.  A thin layer: each public function checks what it is
 * given, calls the floors below and keeps what their errors say.
 */
#ifndef PPDL_LIB_HANDLES_H
#define PPDL_LIB_HANDLES_H

#include <locale.h>

#include <ppdl.h>

#include "base/list.h"
#include "base/text.h"
#include "owner/writer_parts.h"
#include "rsa/key.h"

struct ppdl_err
{
	PpdlError	e;
};

struct ppdl_key
{
	PpdlOwner  *owner;			/* of lwe_cipher, or */
	PpdlRsaKey *rsa;
	char	   *name;
	char		fingerprint[17];
	char		writes_for[17];	/* of a writer's key, or "" */
	PpdlWriterParts writers;	/* whose rows it reads, too */
	PpdlPoll	poll;			/* how the owner asks; leads to: */
	ppdl_poll_fn fn;
	void	   *arg;
};

/* where a call describes its failure, empty; NULL of NULL */
PpdlError  *ppdl_err_begin(ppdl_err *err);

/* PPDL_ERR_ARGUMENT when p is NULL; what: its name */
PpdlStatus	ppdl_lib_need(const void *p, const char *what, PpdlError *err);
#define PPDL_NEED(p, err) PPDL_TRY(ppdl_lib_need(p, #p, err))

/* PPDL_ERR_KEY for a key that is not of lwe_cipher; in key.c */
PpdlStatus	ppdl_lib_need_lwe(const ppdl_key *key, PpdlError *err);

/* a value of lwe_cipher in its binary form, of the key or of one of its writers; flags: of ppdl_decrypt; in key.c */
PpdlStatus	ppdl_lib_decrypt(ppdl_key *key, PpdlValues *out, const uint8_t *bytes, size_t len, uint32_t flags,
							 PpdlError *err);

/* the same of its base64 text */
PpdlStatus	ppdl_lib_decrypt_text(ppdl_key *key, PpdlValues *out, const char *text, size_t len, uint32_t flags,
								  PpdlError *err);

/* PPDL_ERR_ARGUMENT for flags that are none of the known */
PpdlStatus	ppdl_lib_check_flags(uint32_t flags, uint32_t known, PpdlError *err);
/* *to: the least group that is shown; from: what a caller says, 0: the default; what: for messages */
PpdlStatus	ppdl_lib_take_min_count(long *to, uint64_t from, const char *what, PpdlError *err);

PpdlStatus	ppdl_lib_nomem(PpdlError *err);

/* *to: a copy of from, malloc'ed; NULL of NULL */
PpdlStatus	ppdl_lib_copy(char **to, const char *from, PpdlError *err);
/* adds copies of texts up to a NULL; from may be NULL */
PpdlStatus	ppdl_lib_take_list(PpdlList *to, const char *const *from, PpdlError *err);
/* *to: malloc'ed, the texts themselves with their lengths */
PpdlStatus	ppdl_lib_take_fields(PpdlText **to, const char *const *from, size_t count, PpdlError *err);

/*
 * Until the block ends, this thread reads and writes numbers with decimal points, whatever the program has set.  Not
 * where a callback could be called.
 */
#define PPDL_PLAIN_NUMBERS() \
	__attribute__((cleanup(ppdl_lib_locale_back), unused)) locale_t ppdl_locale_before = ppdl_lib_plain_locale()
locale_t	ppdl_lib_plain_locale(void);
void		ppdl_lib_locale_back(locale_t *before);

/*
 * Fills a struct that begins with its size: of `mine`, `own` bytes that the library knows, as many as the caller has
 * room for, and zeros for what the library does not know.  PPDL_ERR_ARGUMENT when the size is less than `least`, that
 * of the first release.
 */
PpdlStatus	ppdl_lib_give(void *theirs, void *mine, size_t own, size_t least, const char *what, PpdlError *err);
/* the other way: mine takes what the caller knows, zeros else; what the library does not know must be 0 */
PpdlStatus	ppdl_lib_take(void *mine, size_t own, size_t least, const void *theirs, const char *what, PpdlError *err);

#endif
