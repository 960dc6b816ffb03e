/*
 * The release.  ppdl.control, META.json and CHANGELOG.md say the same.
 */
#ifndef PPDL_BASE_VERSION_H
#define PPDL_BASE_VERSION_H

#define PPDL_RELEASE "0.2.0"

#endif
