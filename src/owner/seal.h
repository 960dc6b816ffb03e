/* Private to src/owner: master seeds sealed to an owner's public key. */
#ifndef PPDL_OWNER_SEAL_H
#define PPDL_OWNER_SEAL_H

#include "owner/owner_impl.h"
#include "owner/writer.h"

/* appends part "writer" of that writer for that owner */
PpdlStatus	ppdl_seed_seal(const PpdlOwner *writer, const PpdlRecipient *to, PpdlWriter *w, PpdlError *err);
/* back, by the owner to whom it was sealed: *out is the caller's.  PPDL_ERR_KEY: altered, or another's */
PpdlStatus	ppdl_seed_open(PpdlOwner **out, const PpdlOwner *o, const void *part, size_t len, PpdlError *err);

#endif
