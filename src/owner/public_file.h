/*
 * Layout of the public key file (doc/wire-format.md), private to src/owner:
 *    0 char[8] "PPDLPUB1"    8 u32 version    12 u32 uses
 *   16 u8[8] fingerprint    24 char[64] owner's name
 *   88 u32 count of parts   92 u32 zero
 *   96 u8[32] key that checks the signatures (not in version 1)
 *      a part: char[64] name, u32 use, u32 zero, u64 offset, u64 length, u8[32] SHA-256, u8[64] signature (not in
 *      version 1)
 *      then u8[32] SHA-256 of everything before it
 *      then the parts in order, each at the next multiple of 64 bytes; the file ends with the last
 * Version 1 is that of release 0.1.0.
 */
#ifndef PPDL_OWNER_PUBLIC_FILE_H
#define PPDL_OWNER_PUBLIC_FILE_H

#include "owner/owner_impl.h"

#define PPDL_PUBLIC_MAGIC "PPDLPUB1"
#define PPDL_PUBLIC_VERSION 2
#define PPDL_PUBLIC_HEAD 96		/* of version 1, and least bytes of a file */
#define PPDL_PUBLIC_ENTRY 120	/* of version 1 */
#define PPDL_PUBLIC_ALIGN 64
#define PPDL_PUBLIC_MAX_PARTS 1024

/* where the directory's hash lies */
static inline uint64_t
ppdl_public_directory_end(uint32_t version, uint32_t parts)
{
	return version == 1 ? PPDL_PUBLIC_HEAD + (uint64_t) parts * PPDL_PUBLIC_ENTRY :
		PPDL_PUBLIC_HEAD + PPDL_VERIFY_KEY_BYTES + (uint64_t) parts * (PPDL_PUBLIC_ENTRY + PPDL_SIGNATURE_BYTES);
}

static inline uint64_t
ppdl_public_align(uint64_t offset)
{
	return (offset + PPDL_PUBLIC_ALIGN - 1) & ~(uint64_t) (PPDL_PUBLIC_ALIGN - 1);
}

#endif
