# Sourced: declared, the names of the functions that the header declares, sorted.

declared() {
    # Without comments and directives, and one declaration a line; those with (* are fields and not functions.
    cc -fpreprocessed -dD -E -P include/worldstate.h | grep -v '^#' | tr '\n' ' ' | tr ';{}' '\n' | grep -vE 'typedef|\(\*' |
        sed -nE 's/.*[ *]([A-Za-z0-9_]+) *\(.*/\1/p' | sort -u
}
