/* Wrong on purpose: memory that nothing refers to any more. */
#include "worldstate.h"

#include <stdlib.h>
#include <string.h>

int main(void) {
    char *lost = malloc(100);
    if (lost == NULL) return 0;
    strcpy(lost, worldstate_version());
    lost = NULL;
    return worldstate_abi_version() == 0 && lost == NULL;
}
