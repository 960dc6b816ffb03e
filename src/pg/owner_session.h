/*
 * The owner's key of a session in owner mode: opening a key file takes scrypt's
 * third of a second, so the last one stays open until owner mode is switched off
 * or the session ends.
 */
#ifndef PPDL_PG_OWNER_SESSION_H
#define PPDL_PG_OWNER_SESSION_H

#include "pg/ppdl.h"

struct PpdlOwner;

/* key: text of a key file.  The owner stays the session's. */
extern struct PpdlOwner *ppdl_owner_session(text *key, text *passphrase);
/* the same for an RSA key: text of a PEM file */
struct PpdlRsaKey;
extern struct PpdlRsaKey *ppdl_rsa_session(text *key, text *passphrase);
/* both of them */
extern void ppdl_owner_session_forget(void);

#endif
