/*
 * The release.  ppdl.control, META.json, debian/changelog and CHANGELOG.md say the same (make check-release).
 */
#ifndef PPDL_BASE_VERSION_H
#define PPDL_BASE_VERSION_H

#define PPDL_RELEASE "0.2.0"

#endif
