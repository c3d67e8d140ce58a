nx_add_fuzz(oas_spec DEPS nx_openapi)
nx_add_fuzz(wire_pb DEPS nexus_api)
