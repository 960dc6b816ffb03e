/* What src/base takes from OpenSSL and test_kernels.c links to, for a cross compiler that comes without the library. */
#include <openssl/crypto.h>
#include <string.h>

void
OPENSSL_cleanse(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile ("" : : "r" (p) : "memory");
}
