# Every .proto file of this folder, as C, and every method of it over loopback.
file(GLOB_RECURSE corpus_protos RELATIVE ${CMAKE_CURRENT_LIST_DIR} CONFIGURE_DEPENDS
     ${CMAKE_CURRENT_LIST_DIR}/*.proto)
nexus_generate(codegen_corpus STUBS IMPORT_DIRS ${CMAKE_CURRENT_LIST_DIR}
    PROTOS ${corpus_protos} DEPS nexus_google)
nx_add_test(test_codegen_corpus LABEL unit
    SOURCES codegen/test_codegen_corpus.c codegen/corpus_message.c
    DEPS codegen_corpus nx_wire)
