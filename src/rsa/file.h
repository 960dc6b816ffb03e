/*
 * RSA keys in files, in the PEM forms of key.h and public.h.  Files are created, never overwritten (PPDL_ERR_IO); what
 * is loaded is the caller's to free.
 */
#ifndef PPDL_RSA_FILE_H
#define PPDL_RSA_FILE_H

#include "rsa/key.h"

/* mode 0600 */
PpdlStatus	ppdl_rsa_key_save(const PpdlRsaKey *key, const char *path,
							  const char *passphrase, PpdlError *err);
PpdlStatus	ppdl_rsa_key_load(PpdlRsaKey **out, const char *path,
							  const char *passphrase, PpdlError *err);

/* readable by all */
PpdlStatus	ppdl_rsa_public_save(const PpdlRsaPublic *pub, const char *path, PpdlError *err);
PpdlStatus	ppdl_rsa_public_load(PpdlRsaPublic **out, const char *path, PpdlError *err);

typedef enum PpdlPemKind
{
	PPDL_PEM_NONE,				/* no PEM file */
	PPDL_PEM_PUBLIC,
	PPDL_PEM_PRIVATE,			/* encrypted */
	PPDL_PEM_OTHER
} PpdlPemKind;

/* PPDL_ERR_IO when the file cannot be read */
PpdlStatus	ppdl_pem_kind(const char *path, PpdlPemKind *kind, PpdlError *err);

#endif
