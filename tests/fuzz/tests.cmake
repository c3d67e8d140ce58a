nx_add_fuzz(json DEPS nx_json zoo)
nx_add_fuzz(oas_spec DEPS nx_openapi)
nx_add_fuzz(wire_pb DEPS nx_wire nexus_api)
