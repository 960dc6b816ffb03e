/*
 * RSA key files: standard PEM, so that nothing but their first block says what
 * they are, and their name is their file's.
 */
#ifndef PPDL_CLI_PEMFILE_H
#define PPDL_CLI_PEMFILE_H

#include "rsa/file.h"

/* Opens a private key, asking for its passphrase as ppdl_passphrase_get does. */
PpdlStatus	ppdl_rsa_key_open(PpdlRsaKey **out, const char *path, const char *passphrase_file, PpdlError *err);

/* The public key of a file of either kind; a private one asks for its passphrase. */
PpdlStatus	ppdl_rsa_public_open(PpdlRsaPublic **out, const char *path, const char *passphrase_file, PpdlError *err);

/* the name of a key: the last part of its path, without ".pub" or ".key", malloc'ed */
char	   *ppdl_pem_name(const char *path);

#endif
